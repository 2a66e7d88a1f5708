"""How a formula in LaTeX is said in words."""

from __future__ import annotations

import re

_LONGEST = 1000
"""Characters; nobody could follow a longer formula by ear."""

_GREEK = {
    "alpha": "アルファ",
    "beta": "ベータ",
    "gamma": "ガンマ",
    "delta": "デルタ",
    "epsilon": "イプシロン",
    "varepsilon": "イプシロン",
    "zeta": "ゼータ",
    "eta": "イータ",
    "theta": "シータ",
    "iota": "イオタ",
    "kappa": "カッパ",
    "lambda": "ラムダ",
    "mu": "ミュー",
    "nu": "ニュー",
    "xi": "クサイ",
    "pi": "パイ",
    "rho": "ロー",
    "sigma": "シグマ",
    "tau": "タウ",
    "upsilon": "ウプシロン",
    "phi": "ファイ",
    "varphi": "ファイ",
    "chi": "カイ",
    "psi": "プサイ",
    "omega": "オメガ",
}
_COMMANDS = {
    "times": ("times", "かける"),
    "cdot": ("times", "かける"),
    "div": ("divided by", "割る"),
    "pm": ("plus or minus", "プラスマイナス"),
    "mp": ("minus or plus", "マイナスプラス"),
    "le": ("is at most", "以下"),
    "leq": ("is at most", "以下"),
    "ge": ("is at least", "以上"),
    "geq": ("is at least", "以上"),
    "lt": ("is less than", "小なり"),
    "gt": ("is greater than", "大なり"),
    "ne": ("is not equal to", "ノットイコール"),
    "neq": ("is not equal to", "ノットイコール"),
    "approx": ("is about", "ほぼ"),
    "equiv": ("is equivalent to", "合同"),
    "infty": ("infinity", "無限大"),
    "to": ("to", "から"),
    "rightarrow": ("to", "から"),
    "Rightarrow": ("implies", "ならば"),
    "implies": ("implies", "ならば"),
    "iff": ("if and only if", "同値"),
    "in": ("in", "属する"),
    "cup": ("union", "または"),
    "cap": ("intersected with", "かつ"),
    "partial": ("partial", "ラウンド"),
    "nabla": ("nabla", "ナブラ"),
    "degree": ("degrees", "度"),
    "circ": ("degrees", "度"),
    "ldots": (", and so on,", "、など、"),
    "dots": (", and so on,", "、など、"),
    "cdots": (", and so on,", "、など、"),
    "sin": ("sine", "サイン"),
    "cos": ("cosine", "コサイン"),
    "tan": ("tangent", "タンジェント"),
    "log": ("log", "ログ"),
    "ln": ("natural log", "自然対数"),
    "exp": ("exp", "エクスポネンシャル"),
    "lim": ("limit", "リミット"),
    "sum": ("sum", "総和"),
    "prod": ("product", "総乗"),
    "int": ("integral", "積分"),
    "max": ("max", "最大"),
    "min": ("min", "最小"),
    "forall": ("for all", "すべての"),
    "exists": ("there is", "存在する"),
}
_SILENT = re.compile(
    r"\\(?:begin|end)\{[^{}]*+\}|\\(?:left|right|big|Big|bigg|displaystyle|textstyle|limits|quad|qquad|,|;|!|:|\s)"
    r"(?![A-Za-z])|&"
)
_WRAPPED = re.compile(
    r"\\(?:text|textbf|textit|mathrm|mathbf|mathit|mathbb|mathcal|operatorname|boxed|vec|hat|bar|overline|underline)"
    r"\s*\{([^{}]*)\}"
)
_FRACTION = re.compile(r"\\[dtc]?frac\s*(?:\{([^{}]*)\}\s*\{([^{}]*)\}|(\d)(\d))")
_ROOT = re.compile(r"\\sqrt\s*(?:\[([^\[\]]{1,20})\])?\s*(?:\{([^{}]*)\}|([A-Za-z0-9]))")
_RANGE = re.compile(
    r"\\(sum|prod|int)(?![A-Za-z])\s*_\s*(?:\{([^{}]*)\}|([A-Za-z0-9]))\s*\^\s*(?:\{([^{}]*)\}|(\\?[A-Za-z0-9]+))"
)
_UNDER = re.compile(r"\\(lim|sum|prod|int|max|min)(?![A-Za-z])\s*_\s*(?:\{([^{}]*)\}|([A-Za-z0-9]))")
_DEGREES = re.compile(r"\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![A-Za-z]))")
_POWER = re.compile(r"\s*\^\s*(?:\{([^{}]*)\}|(\\[A-Za-z]+|[A-Za-z0-9*']))")
_INDEX = re.compile(r"\s*_\s*(?:\{([^{}]*)\}|(\\[A-Za-z]+|[A-Za-z0-9]))")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_RANGES = {"sum": ("sum", "総和"), "prod": ("product", "総乗"), "int": ("integral", "積分")}
_MINUS = re.compile(r"(?<=[\w)} ])\s*[-−]\s*(?=[\w(\\ ])|^\s*[-−]\s*(?=[\w(\\])|(?<=[=({,])\s*[-−]\s*(?=[\w(\\])")


def formula_words(latex: str, *, japanese: bool) -> str:
    """What a voice says of `latex`: powers, fractions, roots, Greek letters, operators in words; the rest as it is."""
    text = _SILENT.sub(" ", latex[:_LONGEST]).replace("\\\\", ", ").replace("\\{", " ").replace("\\}", " ")
    text = _MINUS.sub(" マイナス" if japanese else " minus ", text)
    text = text.replace("<", "\\lt ").replace(">", "\\gt ")
    text = _DEGREES.sub("度" if japanese else " degrees", text)
    for _ in range(12):  # from the innermost braces outwards
        before = text
        text = _WRAPPED.sub(r"\1", text)
        text = _RANGE.sub(lambda found: _range(found, japanese), text)
        text = _UNDER.sub(lambda found: _under(found, japanese), text)
        text = _ROOT.sub(lambda found: _root(found, japanese), text)
        text = _FRACTION.sub(lambda found: _fraction(found, japanese), text)
        text = _POWER.sub(lambda found: _power(found[1] or found[2] or "", japanese), text)
        text = _INDEX.sub(lambda found: _index(found[1] or found[2] or "", japanese), text)
        if text == before:
            break
    text = _COMMAND.sub(lambda found: _command(found[1], japanese), text)
    text = text.replace("{", " ").replace("}", " ").replace("\\", " ").replace("^", " ").replace("_", " ")
    words = " ".join(text.split()).replace(" ,", ",")
    return re.sub(r"(?<=[^\x00-\x7f]) (?=\S)|(?<=\S) (?=[^\x00-\x7f])", "", words) if japanese else words


def _range(found: re.Match[str], japanese: bool) -> str:
    name = _RANGES[found[1]]
    low, high = found[2] or found[3] or "", found[4] or found[5] or ""
    return f" {low}から{high}までの{name[1]}、" if japanese else f" {name[0]} from {low} to {high} of "


def _under(found: re.Match[str], japanese: bool) -> str:
    below = found[2] or found[3] or ""
    names = _COMMANDS[found[1]]
    if found[1] == "lim":
        parts = re.split(r"\\(?:to|rightarrow)(?![A-Za-z])", below, maxsplit=1)
        if japanese and len(parts) == 2:
            return f" {parts[0].strip()}が{parts[1].strip()}に近づくときの極限、"
        return f" limit as {' goes to '.join(parts)} of "
    return f" {below}の{names[1]}、" if japanese else f" {names[0]} over {below} of "


def _root(found: re.Match[str], japanese: bool) -> str:
    degree, inside = found[1], found[2] or found[3] or ""
    if japanese:
        return f" {degree}乗根{inside}" if degree and degree != "3" else f" {'3乗根' if degree else 'ルート'}{inside}"
    named = {None: "square", "2": "square", "3": "cube"}.get(degree, f"{degree}th")
    return f" {named} root of {inside} "


def _fraction(found: re.Match[str], japanese: bool) -> str:
    above, below = (found[1], found[2]) if found[1] is not None else (found[3], found[4])
    return f" {below.strip()}分の{above.strip()} " if japanese else f" {above.strip()} over {below.strip()} "


def _power(exponent: str, japanese: bool) -> str:
    exponent = exponent.strip()
    if exponent in ("'", "*", "T", "\\prime", "\\top"):
        return (
            {"'": " prime ", "\\prime": " prime ", "*": " star "}.get(exponent, " transposed ") if not japanese else " "
        )
    if japanese:
        return f"の{exponent}乗"
    return {"2": " squared ", "3": " cubed "}.get(exponent, f" to the power of {exponent} ")


def _index(index: str, japanese: bool) -> str:
    return f" {index.strip()} " if japanese else f" sub {index.strip()} "


def _command(name: str, japanese: bool) -> str:
    if name.lower() in _GREEK:
        letter = name.lower()
        return _GREEK[letter] if japanese else f" {letter.removeprefix('var')} "
    if name in _COMMANDS:
        return f" {_COMMANDS[name][japanese]} "
    return f" {name} "
