"""The style sheet of a report: one page, light or dark as the reader's system is, fit for paper."""

STYLE = """
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#14181f;--soft:#5b6472;--rule:#e3e6eb;--grid:#eceef2;
--good:#177245;--warn:#8f5a00;--bad:#b42318;--good-bg:#e6f4ec;--warn-bg:#fdf1dc;--bad-bg:#fdeae8;
--s1:#2a63d4;--s2:#d0671b;--s3:#10866c;--s4:#8b4cc2;--s5:#ad7d00;--s6:#c03a78;--s7:#4d7f1f;--s8:#6b7585}
@media (prefers-color-scheme:dark){:root{--page:#0e1116;--card:#171b22;--ink:#e8ebf0;--soft:#9aa4b2;--rule:#2a303a;
--grid:#232934;--good:#5cc98f;--warn:#e9b04e;--bad:#ff8a7d;--good-bg:#12301f;--warn-bg:#33260d;--bad-bg:#3a1714;
--s1:#74a6ff;--s2:#f0995a;--s3:#42c7a7;--s4:#c19bf2;--s5:#dfb53f;--s6:#f185b5;--s7:#95c95f;--s8:#9aa4b2}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;overflow-wrap:break-word}
main,header,footer{max-width:1080px;margin:0 auto;padding:0 24px}
header{padding-top:44px;padding-bottom:20px}
h1{font-size:30px;line-height:1.2;letter-spacing:-.02em;margin:0 0 8px}
h2{font-size:17px;line-height:1.3;margin:0 0 4px;letter-spacing:-.01em}
p{margin:0 0 10px;max-width:76ch}
.lead{font-size:17px;color:var(--soft);margin:0}
.note{color:var(--soft);font-size:13.5px;margin:0 0 12px}
nav{margin-top:18px;display:flex;flex-wrap:wrap;gap:6px 8px;font-size:13px}
nav a{color:var(--soft);text-decoration:none;border:1px solid var(--rule);border-radius:99px;padding:2px 11px;
background:var(--card)}
nav a:hover,nav a:focus{color:var(--ink);border-color:var(--soft)}
main{display:grid;grid-template-columns:1fr 1fr;gap:18px}
section{grid-column:1/-1;min-width:0;background:var(--card);border:1px solid var(--rule);border-radius:12px;
padding:20px 22px 18px;break-inside:avoid}
section.half{grid-column:auto}
section.bare{background:none;border:0;padding:0}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(168px,1fr));gap:14px}
.figure{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:14px 18px;min-width:0}
.figure dt{font-size:13px;color:var(--soft);margin:0}
.figure dd{margin:2px 0 0;font-size:26px;font-weight:640;letter-spacing:-.02em;line-height:1.25;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.figure .long{font-size:20px;line-height:1.6}
.figure .under{font-size:13px;font-weight:400;letter-spacing:0;color:var(--soft)}
.good dd{color:var(--good)}.warn dd{color:var(--warn)}.bad dd{color:var(--bad)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th{text-align:left;font-weight:560;color:var(--soft);font-size:13px;white-space:nowrap}
th,td{padding:7px 14px 7px 0;border-bottom:1px solid var(--rule);vertical-align:top}
tr:last-child td{border-bottom:0}
th:last-child,td:last-child{padding-right:0}
.right{text-align:right;white-space:nowrap}
td{min-width:4ch}
td:last-child{overflow-wrap:anywhere}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:0 0 8px;padding:0;font-size:13px;
color:var(--soft)}
.legend i{display:inline-block;width:14px;height:4px;border-radius:2px;margin-right:7px;vertical-align:middle}
.legend i.square{height:11px;width:11px;border-radius:3px}
.legend b{color:var(--ink);font-weight:600;font-variant-numeric:tabular-nums}
.marks{margin:10px 0 0;padding:0;list-style:none;font-size:13px;columns:2 320px;column-gap:28px;color:var(--soft)}
.marks li{break-inside:avoid;padding:1.5px 0 1.5px 26px;position:relative}
.marks li>b:first-child{position:absolute;left:0;top:3px;width:17px;height:17px;border-radius:99px;text-align:center;
font-size:10.5px;line-height:17px;color:var(--card);background:var(--soft)}
.marks li>b.good{background:var(--good)}.marks li>b.warn{background:var(--warn)}.marks li>b.bad{background:var(--bad)}
.marks span{color:var(--ink)}
.chain{list-style:none;margin:0;padding:0;font-size:14px}
.chain li{display:grid;grid-template-columns:138px 1fr;gap:0 16px;padding:5px 0}
.chain time{color:var(--soft);font-size:13px;font-variant-numeric:tabular-nums;white-space:nowrap}
.chain .what{border-left:2px solid var(--rule);padding-left:12px;margin-left:calc(var(--depth)*16px)}
.chain .good .what{border-color:var(--good)}.chain .warn .what{border-color:var(--warn)}
.chain .bad .what{border-color:var(--bad)}
.chain .kind{font-weight:600}
.chain .subject{color:var(--soft);font-size:13px}
.more{color:var(--soft);font-size:13px;margin:8px 0 0}
svg{display:block;width:100%;height:auto;font:11.5px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif}
.half svg{max-width:470px}
.grid{stroke:var(--grid);stroke-width:1}.axis{stroke:var(--soft);stroke-width:1;opacity:.55}
.diagonal{stroke:var(--soft);stroke-width:1.2;stroke-dasharray:4 4}
.tick{fill:var(--soft)}.label,.value{fill:var(--ink)}.value{font-weight:600}
.end{text-anchor:end}.middle{text-anchor:middle}
.threshold{stroke:var(--bad);stroke-width:1.3;stroke-dasharray:6 4}
.level{fill:var(--bad);font-weight:600;paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.dot{stroke:var(--card);stroke-width:1.5}
.area{stroke-width:.5;opacity:.85}
.bar{opacity:.9}
.spread{fill-opacity:.16;stroke-width:1.4;stroke-linejoin:round}
.band{fill-opacity:.14;stroke:none}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:14px;margin:0;padding:0;list-style:none}
.cards>li{border:1px solid var(--rule);border-radius:10px;padding:12px 14px 10px;min-width:0}
.cards h3{font-size:14px;line-height:1.35;margin:0 0 6px;font-weight:640;display:flex;gap:8px;align-items:baseline;
justify-content:space-between;overflow-wrap:anywhere}
.badge{font-size:11.5px;font-weight:600;border-radius:99px;padding:1px 8px;background:var(--grid);color:var(--soft);
white-space:nowrap}
.badge.good{background:var(--good-bg);color:var(--good)}.badge.warn{background:var(--warn-bg);color:var(--warn)}
.badge.bad{background:var(--bad-bg);color:var(--bad)}
.facts{display:grid;grid-template-columns:auto 1fr;gap:1px 12px;font-size:12.5px;margin:6px 0 0}
.facts dt{color:var(--soft)}.facts dd{margin:0;text-align:right;overflow-wrap:anywhere;
font-variant-numeric:tabular-nums}
.was{fill:none;stroke:var(--s8);stroke-width:1.6;stroke-linejoin:round}.now{fill:var(--s1);opacity:.78}
.legend i.was{background:var(--s8)}.legend i.now{background:var(--s1)}
.whisker{stroke:var(--ink);stroke-width:1.6}
.mark{fill:none;stroke:var(--soft);stroke-width:1.1;stroke-dasharray:2 3}.flag{fill:var(--soft)}
.mark.good{stroke:var(--good)}.mark.warn{stroke:var(--warn)}.mark.bad{stroke:var(--bad)}
.flag.good{fill:var(--good)}.flag.warn{fill:var(--warn)}.flag.bad{fill:var(--bad)}
.number{fill:var(--card);font-size:10px;font-weight:700}
footer{padding-top:26px;padding-bottom:48px;color:var(--soft);font-size:13px}
@media (max-width:760px){main{grid-template-columns:1fr}.scroll>svg{min-width:640px}.half .scroll>svg{min-width:0}
td:last-child:not(.right){min-width:26ch;overflow-wrap:break-word}
.chain li{grid-template-columns:1fr}}
@media print{body{background:#fff}section,.figure{border-color:#ccc}nav{display:none}header{padding-top:0}}
"""

SERIES = "".join(
    f".line.s{n}{{stroke:var(--s{n})}}.dot.s{n},.area.s{n},.bar.s{n},.band.s{n},.spread.s{n}{{fill:var(--s{n})}}.area.s{n},.spread.s{n}{{stroke:var(--s{n})}}i.s{n}{{background:var(--s{n})}}"
    for n in range(1, 9)
)
TONES = "".join(
    f".area.{t},.bar.{t}{{fill:var(--{t})}}.area.{t}{{stroke:var(--{t})}}.legend i.{t}{{background:var(--{t})}}"
    f"tr.{t} td:first-child{{box-shadow:inset 3px 0 0 var(--{t});padding-left:12px}}"
    for t in ("good", "warn", "bad")
)
SHEET = STYLE + SERIES + TONES
