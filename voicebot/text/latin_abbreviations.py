"""Abbreviations of the languages that are written in Latin letters.

NEVER: a sentence never ends behind one. BEFORE_NUMBER: it is an abbreviation only before a number. BEFORE_CAPITAL: a
sentence ends behind one where a capital letter follows. BY_NEXT_WORD: it ends there if the next word often begins one.
The language is not known here, so a word that often ends sentences in any of these languages is not listed.
"""

from __future__ import annotations

from voicebot.text.patterns import word_set

_ENGLISH = (
    "attn ee pck pkt std el tl mr mrs ms mx dr drs prof st mt ft messrs adm brig pvt pfc insp det supt amb atty p.s "
    "p.p.s n.b v gen col lt sgt capt cmdr cpl maj rev hon gov sen rep pres e.g i.e eg ie vs cf viz resp approx ca"
)
_GERMAN = (
    "fr frl dipl herr hr mag exc nr bd bde hrsg z.b z.t d.h u.a o.g i.d.r bzw evtl ggf inkl exkl zzgl vgl sog allg "
    "ehem gegr hl bzgl insb insbes einschl ausschl entspr versch"
)
_FRENCH = "mme mmes mlle mlles mgr av séc"
_ITALIAN = (
    "dott dott.ssa prof.ssa avv ing geom arch rag sig sigg sig.ra sig.na mons sen cav magg amm dir egr gent spett "
    "psicol meteor idraul econ v.le p.zza c.so"
)
_SPANISH = (
    "sr sra srta sres sras dra dña d.ª ud uds vd vds lic arq gral cnel tte sgto excmo excma ilmo p.ej pág págs párr "
    "párrf dpto depto"
)
_PORTUGUESE = "srs profa drª exmo exma eng enga p.ex aprox máx mín"
_DUTCH = "dhr mevr mw ir bijv o.a m.b.t i.v.m d.w.z t.a.v n.a.v zgn evt excl incl plm"
_POLISH = (
    "ul św im płk ppłk mjr kpt ks bp abp hab inż dyr nadkom podkom asp sierż np tzn tzw m.in tj wg zob godz paraf zach "
    "wsch płd płn"
)
_CZECH_AND_SLOVAK = "napr např tzv nám mudr judr phdr rndr sv"
_NORDIC = "skt frk bl.a f.eks t.ex dvs pga ifm vedr jf kl ekskl esim"
_INDONESIAN = "ir dra tb kh jl jln hj bpk sdr kab kec"

NEVER = word_set(
    f"{_ENGLISH} {_GERMAN} {_FRENCH} {_ITALIAN} {_SPANISH} {_PORTUGUESE} {_DUTCH} {_POLISH} {_CZECH_AND_SLOVAK} "
    f"{_NORDIC} {_INDONESIAN}"
)
BEFORE_NUMBER = word_set(
    "rm apt no nos nr n° nº № fig figs eq eqs p pp vol vols ch chap sec sect art arts tab s v op ex ed str bd ver pt "
    "abb abs kap aufl ste par para env núm núms pag pagg artt lett fls blz ust pkt poz rys obr hlm tgl mié miér jue "
    "vie sáb dom lun mar cap rp"
)
BEFORE_CAPITAL = word_set("etc usw usf ecc enz itd itp atd apod osv m.m m.fl jne stb vb dll dsb dst zł")
BY_NEXT_WORD = word_set(
    "inc ltd ltda co corp bros llc plc gmbh jr sr esq jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues "
    "wed thu thur thurs fri sat sun ave blvd rd ln hwy dept univ assn est min mins hr hrs sec secs oz lb lbs yd km ft "
    "tel ext misc uvm ss avda usd u.s u.s.a u.k e.u u.n d.c a.d b.c ph.d m.d b.a m.a a.m p.m max temp avg intl natl "
    "al gal tsp tbsp pkg rte okt dez mär mrz janv févr avr juil août déc gen mag giu lug set ott dic ene abr fev "
    "chr ago mio jh jhd jhdt mrd tsd std bv mln mld tys tis br cia vgl mm"
)

ALSO_WORDS = word_set("mar sun sat wed fri max gen col rep pres mag exc temp el tl std set dom arch ir eng ago mio")
"""These are abbreviations only with a capital letter."""
BEHIND_NUMBER = word_set("ft hr std mm")
"""Behind a number these are units, behind which a sentence may end: 6 ft."""
NOT_IN_CAPITALS = word_set("ca al el im ul co ln rd ed ext std mm mw tb kh ir bp av vd ud hl kl ks sv fr")
"""Written in capitals these are something else: CA."""
PAIRS = frozenset(
    {
        ("ad", "es"),
        ("per", "es"),
        ("par", "ex"),
        ("por", "ex"),
        ("por", "ej"),
    }
)
"""Abbreviations of two words."""

DATE_WORDS = word_set(
    "januar jänner februar feber märz april mai juni juli august september oktober november dezember jahrhundert "
    "jahrhunderts jahrhunderte jahrtausend lebensjahr geburtstag jahrestag klasse auflage etage stock platz rang "
    "spieltag weltkrieg weltkriegs mal kapitel januari februari maart apríla marca májom januára februára apríla mája "
    "júna júla augusta septembra októbra novembra decembra"
)
"""Before these a number with a full stop is an ordinal: 15. Jahrhundert, 5. Juli."""
SENTENCE_STARTERS = word_set(
    "nobody everybody everyone someone somebody nothing everything something afterwards today yesterday tomorrow "
    "later soon finally eventually nowadays currently recently usually sometimes often additionally furthermore "
    "moreover otherwise instead overall next first second third together during between within whenever whether "
    "unlike besides generally typically fortunately unfortunately luckily again the a an i he she it we they you this "
    "that these those there here my our your his her its their what when where why how who which is are do does did "
    "was were has have had can could would should will may in if on at by for from with without and but or so then "
    "now yes no not please let thanks thank also however after before since although because while as both all each "
    "some many most maybe perhaps another once until unless despite even just only still sorry sure okay ok well "
    "meanwhile therefore thus hence suppose indeed consequently accordingly nevertheless nonetheless mr mrs ms "
    "der die das er sie es wir ich und aber wenn ein eine einen dieser diese dieses dann danach hier auch nach mit "
    "seit bei für auf im am zu man sein seine ihr ihre unser kein keine heute gestern doch jedoch "
    "le la les il elle je nous vous on un une ce cette ces ils elles dans pour avec puis ainsi "
    "el los las yo ella pero si una este esta estos en para con por como cuando también "
    "gli lo questo questa quando perché anche nel nella dopo o os ele ela isso não mas como "
    "het een ik wij hij zij deze dit maar dat deze toen daarna "
    "to jest nie po na w od ale gdy "
    "det den vi jeg han hun hvad der så men og "
    "ini itu dia ia pada di dan namun setelah dengan untuk"
)
SMALL_STARTERS = word_set(
    "i you it this that these those what why how thanks please let there if we they the just my your our also maybe "
    "ok okay yes "
    "ich wir aber denn ik maar je mais yo pero io eu mas ja ale"
)
"""Words that begin a sentence even where nobody uses capitals: English ones; of other languages I, we and but."""
