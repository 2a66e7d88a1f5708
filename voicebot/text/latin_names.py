"""Names in Latin letters as they are said in Japanese text: firms, programs, files, abbreviations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from voicebot.text.lexicon import Lexicon, folded
from voicebot.text.patterns import compiled, word_set, word_table

_NAMES = """
ChatGPT チャットジーピーティー|GPT ジーピーティー|GPT-4o ジーピーティーフォーオー|OpenAI オープンエーアイ
Claude クロード|Anthropic アンソロピック|Gemini ジェミニ|Copilot コパイロット|Llama ラマ|Ollama オラマ
llama.cpp ラマシープラスプラス|Mistral ミストラル|Qwen クウェン|DeepSeek ディープシーク|Gemma ジェマ
Hugging Face ハギングフェイス|LangChain ラングチェーン|LangGraph ランググラフ|PyTorch パイトーチ
TensorFlow テンソルフロー|NumPy ナムパイ|pandas パンダス|Jupyter ジュパイター
Stable Diffusion ステーブルディフュージョン|Whisper ウィスパー|Midjourney ミッドジャーニー
VOICEVOX ボイスボックス|Siri シリ|Alexa アレクサ|Perplexity パープレキシティ|LM Studio エルエムスタジオ
JSON ジェイソン|YAML ヤムル|TOML トムル|XML エックスエムエル|CSV シーエスブイ|README リードミー
README.md リードミー|Markdown マークダウン|config コンフィグ|JPEG ジェイペグ|JPG ジェイペグ|PNG ピング|GIF ジフ
WebP ウェッピー|Ctrl コントロール|Cmd コマンド|Esc エスケープ|Alt オルト
MPEG エムペグ|MP3 エムピースリー|MP4 エムピーフォー|WAV ワブ|PDF ピーディーエフ|ZIP ジップ|LaTeX ラテフ
Unicode ユニコード|ASCII アスキー|UTF-8 ユーティーエフエイト|Base64 ベースロクジュウヨン|Python パイソン
pip ピップ|PyPI パイピーアイ|JavaScript ジャバスクリプト|TypeScript タイプスクリプト|Java ジャバ|Kotlin コトリン
Swift スウィフト|Ruby ルビー|Rails レイルズ|Rust ラスト|PHP ピーエイチピー|Perl パール|Scala スカラ
Haskell ハスケル|Julia ジュリア|Golang ゴーラング|C# シーシャープ|C++ シープラスプラス|F# エフシャープ
.NET ドットネット|Node.js ノードジェイエス|Vue.js ビュージェイエス|Vue ビュー|Next.js ネクストジェイエス
React リアクト|Angular アンギュラー|Svelte スベルト|Deno ディーノ|Bun バン|npm エヌピーエム|Vite ヴィート
jQuery ジェイクエリー|Django ジャンゴ|Flask フラスク|FastAPI ファストエーピーアイ|Flutter フラッター
Unity ユニティ|Arduino アルドゥイーノ|Raspberry Pi ラズベリーパイ|SQL エスキューエル|NoSQL ノーエスキューエル
MySQL マイエスキューエル|SQLite エスキューライト|PostgreSQL ポストグレスキューエル|MongoDB モンゴディービー
Redis レディス|Kafka カフカ|RabbitMQ ラビットエムキュー|GraphQL グラフキューエル|Git ギット|GitHub ギットハブ
GitLab ギットラボ|Docker ドッカー|Dockerfile ドッカーファイル|Kubernetes クーバネティス|Jenkins ジェンキンス
Terraform テラフォーム|Ansible アンシブル|nginx エンジンエックス|Apache アパッチ|Linux リナックス
Ubuntu ウブントゥ|Debian デビアン|Fedora フェドラ|Red Hat レッドハット|Unix ユニックス|macOS マックオーエス
iOS アイオーエス|iPadOS アイパッドオーエス|Android アンドロイド|Windows ウィンドウズ|Mac マック
MacBook マックブック|iPhone アイフォーン|iPad アイパッド|iMac アイマック|AirPods エアポッズ|Apple アップル
Google グーグル|Gmail ジーメール|Chrome クローム|Chromebook クロームブック|YouTube ユーチューブ
YouTuber ユーチューバー|Microsoft マイクロソフト|Azure アジュール|Excel エクセル|Word ワード
PowerPoint パワーポイント|Outlook アウトルック|Teams チームズ|OneDrive ワンドライブ|Bing ビング
VSCode ブイエスコード|VS Code ブイエスコード|Visual Studio ビジュアルスタジオ|Vim ヴィム|Neovim ネオヴィム
Emacs イーマックス|IntelliJ インテリジェイ|Xcode エックスコード|AWS エーダブリューエス|Amazon アマゾン
Lambda ラムダ|Firebase ファイアベース|Cloudflare クラウドフレア|Vercel ヴァーセル|Facebook フェイスブック
Meta メタ|Instagram インスタグラム|Twitter ツイッター|TikTok ティックトック|LINE ライン|Discord ディスコード
Slack スラック|Zoom ズーム|Skype スカイプ|WhatsApp ワッツアップ|Telegram テレグラム|Mastodon マストドン
Bluesky ブルースカイ|Reddit レディット|Netflix ネットフリックス|Spotify スポティファイ|Hulu フールー
Disney ディズニー|Pixiv ピクシブ|note ノート|Qiita キータ|Zenn ゼン|Notion ノーション|Wikipedia ウィキペディア
Wiki ウィキ|PayPay ペイペイ|PayPal ペイパル|Suica スイカ|PASMO パスモ|ICOCA イコカ|Uber ウーバー
Airbnb エアビーアンドビー|Sony ソニー|Nintendo ニンテンドー|PlayStation プレイステーション|PS5 ピーエスファイブ
PS4 ピーエスフォー|Switch スイッチ|Xbox エックスボックス|Steam スチーム|Minecraft マインクラフト
NVIDIA エヌビディア|AMD エーエムディー|Intel インテル|Tesla テスラ|Toyota トヨタ|Honda ホンダ
BMW ビーエムダブリュー|IKEA イケア|UNIQLO ユニクロ|ZOZO ゾゾ|SoftBank ソフトバンク|docomo ドコモ
NTT エヌティーティー|KDDI ケーディーディーアイ|au エーユー|Rakuten ラクテン|JR ジェイアール|JAL ジャル
ANA エーエヌエー|JAXA ジャクサ|NASA ナサ|JICA ジャイカ|JETRO ジェトロ|JAF ジャフ|NATO ナトー|ASEAN アセアン
OPEC オペック|UNESCO ユネスコ|UNICEF ユニセフ|FIFA フィファ|UEFA ウエファ|APEC エイペック|TOEIC トーイック
TOEFL トーフル|IELTS アイエルツ|SIM シム|LAN ラン|RAM ラム|ROM ロム|CAD キャド|VAT バット|PIN ピン
GUI ジーユーアイ|CLI シーエルアイ|SaaS サース|PaaS パース|IaaS イアース|IoT アイオーティー
COVID-19 コビッドナインティーン|COVID コビッド|AIDS エイズ|LASIK レーシック|SARS サーズ|MERS マーズ
PCR ピーシーアール|ADHD エーディーエイチディー|Wi-Fi ワイファイ|WiFi ワイファイ|Bluetooth ブルートゥース
USB ユーエスビー|USB-C ユーエスビーシー|Type-C タイプシー|HDMI エイチディーエムアイ|NAS ナス|SSD エスエスディー
HDD エイチディーディー|DVD ディーブイディー|CD シーディー|Blu-ray ブルーレイ|LED エルイーディー|OLED オーレッド
4K ヨンケー|8K ハチケー|3D スリーディー|2D ツーディー|5G ファイブジー|4G フォージー|3G スリージー|FAX ファックス
E-mail イーメール|email イーメール|TV ティービー|PC ピーシー|SNS エスエヌエス|DM ディーエム|PS ピーエス
P.S. ピーエス|OK オーケー|NG エヌジー|ID アイディー|URL ユーアールエル|UI ユーアイ|AI エーアイ|API エーピーアイ
REST レスト|OAuth オーオース|TCP/IP ティーシーピーアイピー|HTTP エイチティーティーピー
HTTPS エイチティーティーピーエス|localhost ローカルホスト|T シャツ ティーシャツ|LGBTQ エルジービーティーキュー
SDGs エスディージーズ|GDP ジーディーピー|CEO シーイーオー|CO2 シーオーツー|H2O エイチツーオー
PM2.5 ピーエムニテンゴ|etc. など|etc など|vs. バーサス|vs バーサス|Mr. ミスター|Mrs. ミセス|Ms. ミズ
Dr. ドクター|feat. フィーチャリング|Inc. インク|Ltd. リミテッド|B'z ビーズ|AKB48 エーケービーフォーティエイト
J-POP ジェイポップ|J-pop ジェイポップ|K-POP ケーポップ|M-1 エムワン|F1 エフワン|J1 ジェイワン|G7 ジーセブン
G20 ジートゥエンティ|OFF オフ|ON オン|SALE セール|NEW ニュー|FREE フリー|OPEN オープン|CLOSE クローズ|END エンド
HELP ヘルプ|TODO トゥードゥー|FAQ エフエーキュー
"""
_GO = re.compile(r"Go(?=\s?\d|言語| ?(?:で|の|を|は|と|が))")
_ACRONYM = r"(?<![A-Za-z0-9])[A-Z]{2,6}(?:s(?![A-Za-z])|(?![A-Za-z0-9]))"
_WORDS_IN_CAPITALS = word_set(
    "THE AND FOR YOU NOT ARE BUT ALL CAN HAS HAD WAS ONE OUT NEW NOW HOW WHO WHY YES GET SET BIG RED TOP HOT DAY MAN "
    "SUN BOY BOX CAT DOG CUP MAP BAR BAG BUS CAR WAR WIN RUN FUN END BAD ICE SEA SKY AIR ART ACE JOY LOVE IS IT IN TO "
    "OF BE BY DO GO HE IF ME MY NO SO UP US WE AT AS AN OR MAX MIN NEXT BACK STOP PLAY LIVE NEWS BEST GOOD"
)
_SPELLED = re.compile("[^AEIOU]{4}|^[^AEIOU]+$|[BCDFGHJKLMNPQRSTVWXZ]{3}")
"""Capitals that cannot be a word."""
_LETTERS = word_table(
    """A エー B ビー C シー D ディー E イー F エフ G ジー H エイチ I アイ J ジェイ K ケー L エル M エム N エヌ O オー P
    ピー Q キュー R アール S エス T ティー U ユー V ブイ W ダブリュー X エックス Y ワイ Z ゼット"""
)


def latin_names(text: str) -> Iterator[tuple[int, int, str]]:
    """Where names stand in Japanese `text` with half-width letters, and how they are said; without overlaps."""
    small = folded(text)
    if compiled("[a-z]").search(small) is None:
        return
    known = sorted([*_lexicon().find(small), *_go(text)])
    at = 0
    for start, end, said in known:
        yield from _acronyms(text, at, start)
        hyphen = text[end : end + 1] == "-" and text[end + 1 : end + 2].isdigit()  # GPT-5: no minus
        yield start, end + hyphen, said
        at = end + hyphen
    yield from _acronyms(text, at, len(text))


def _go(text: str) -> Iterator[tuple[int, int, str]]:
    """The language, by its capital and what stands behind it."""
    for found in _GO.finditer(text):
        if not text[max(0, found.start() - 1) : found.start()].isascii() or found.start() == 0:
            yield found.start(), found.end(), "ゴー"


def _acronyms(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """Capitals that are said letter by letter."""
    for found in compiled(_ACRONYM).finditer(text, start, end):
        letters = found[0].removesuffix("s")
        if letters not in _WORDS_IN_CAPITALS and (len(letters) <= 3 or _SPELLED.search(letters)):
            said = "".join([_LETTERS[letter] for letter in letters]) + ("ズ" if found[0] != letters else "")
            hyphen = text[found.end() : found.end() + 1] == "-" and text[found.end() + 1 : found.end() + 2].isdigit()
            yield found.start(), found.end() + hyphen, said


@cache
def _lexicon() -> Lexicon:
    names = [entry.rpartition(" ") for line in _NAMES.split("\n") for entry in line.split("|") if entry]
    return Lexicon({surface: said for surface, _, said in names})
