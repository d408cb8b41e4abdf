#include "report/style.hpp"

namespace homespun::report {

std::string_view style_sheet() {
    // Print takes the light colours: dark ones are for screens only. The series' colours stay apart for eyes
    // that lack red, green or blue cones (CIE76 at least 17 between any two) and stand out from the
    // background (3:1).
    return R"css(
:root{color-scheme:light;--surface:#fff;--page:#f6f7f9;--ink:#1b1f24;--muted:#59616b;--edge:#e1e4e9;
--soft:#f1f3f6;--accent:#2563c9;--good:#0b7a4b;--good-soft:#e4f5ec;--warning:#8f5b00;--warning-soft:#fdf1d8;
--bad:#c02637;--bad-soft:#fdeaec;--neutral-soft:#eaeff7;
--series-1:#2651d6;--series-2:#e07309;--series-3:#058d66;--series-4:#5c136f;--series-5:#874900;
--series-6:#2197ed;--series-7:#810025;--series-8:#626481;
--heat-1:#e3edf8;--heat-2:#c5dbf0;--heat-3:#9fc5e6;--heat-4:#71a9d8;--heat-5:#478cc7;--heat-6:#2a6fb0;
--heat-7:#1d5592;--heat-8:#153d70;--heat-9:#0e284d;--heat-ink-low:#14202e;--heat-ink-mid:#0d1824;--heat-ink-high:#fff}
@media screen and (prefers-color-scheme:dark){
:root{color-scheme:dark;--surface:#181b20;--page:#101216;--ink:#e4e7eb;--muted:#9aa3ae;--edge:#2c3138;
--soft:#21252b;--accent:#7fb0ff;--good:#4fce93;--good-soft:#13301f;--warning:#f0b64d;--warning-soft:#35280d;
--bad:#ff7b86;--bad-soft:#3d191d;--neutral-soft:#1d2734;
--series-1:#3b8cf8;--series-2:#fb9f2f;--series-3:#37dd9a;--series-4:#debcff;--series-5:#ffff93;
--series-6:#d1f3f6;--series-7:#e2574d;--series-8:#9085a0;
--heat-1:#1d2d44;--heat-2:#1f3e63;--heat-3:#225284;--heat-4:#2a69a6;--heat-5:#3f85c4;--heat-6:#62a2d8;
--heat-7:#86b8e2;--heat-8:#a9cfee;--heat-9:#cde5f8;--heat-ink-low:#f2f6fa;--heat-ink-mid:#0a141f;--heat-ink-high:#0d1a28}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--page);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
.all{max-width:960px;margin:0 auto;padding:32px 24px 64px}
header h1{margin:0;font-size:22px;line-height:1.3;font-weight:650;letter-spacing:-.01em}
header p{margin:2px 0 0;color:var(--muted);font-size:14px}
h2{margin:0 0 16px;font-size:20px;line-height:1.3;font-weight:650;letter-spacing:-.01em}
h3{margin:28px 0 8px;font-size:16px;font-weight:650}
p,ul,dl,pre,figure,.scroll,details,.note{margin:0 0 16px}
p,li{max-width:72ch;overflow-wrap:anywhere}
section{margin:0 0 24px;padding:24px 28px;background:var(--surface);border:1px solid var(--edge);
border-radius:12px;scroll-margin-top:16px}
section>:last-child{margin-bottom:0}
.verdict{display:flex;flex-wrap:wrap;gap:20px 28px;margin:20px 0 24px;padding:22px 28px;border-radius:12px;
border:1px solid var(--edge);border-left:6px solid var(--tone);background:var(--tone-soft)}
.verdict .say{flex:1 1 260px;display:flex;gap:14px;margin:0;align-self:center;font-size:20px;line-height:1.4;
font-weight:600;letter-spacing:-.005em}
.sign{flex:none;display:inline-grid;place-items:center;width:1.5em;height:1.5em;border-radius:50%;
background:var(--tone);color:var(--surface);font-size:.9em;line-height:1;font-weight:700}
.tiles{flex:2 1 380px;display:grid;grid-template-columns:repeat(auto-fit,minmax(136px,1fr));gap:12px;margin:0}
.tile{padding:12px 14px;border-radius:9px;background:var(--surface);border:1px solid var(--edge)}
.tile dt{font-size:13px;line-height:1.35;color:var(--muted)}
.tile dd{margin:0;overflow-wrap:anywhere}
.tile .value{margin-top:2px;font-size:23px;line-height:1.25;font-weight:650;letter-spacing:-.015em;
font-variant-numeric:tabular-nums;color:var(--tone)}
.tile .note{margin:1px 0 0;font-size:12.5px;line-height:1.35;color:var(--muted);padding:0;background:none;border:0}
.neutral{--tone:var(--accent);--tone-soft:var(--neutral-soft)}.good{--tone:var(--good);--tone-soft:var(--good-soft)}
.warning{--tone:var(--warning);--tone-soft:var(--warning-soft)}.bad{--tone:var(--bad);--tone-soft:var(--bad-soft)}
.tile.neutral .value{color:inherit}
nav{margin:0 0 24px;font-size:14px}
nav ol{display:flex;flex-wrap:wrap;gap:6px 20px;margin:0;padding:0 4px;list-style:none}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
div.note{display:flex;gap:12px;padding:12px 16px;border-radius:9px;background:var(--tone-soft)}
div.note .sign{font-size:13px;margin-top:2px}div.note p{margin:0}
figure{margin-bottom:28px}figure svg{display:block;height:auto}
figure .narrow{display:none}
figcaption{margin-top:8px;font-size:14px;line-height:1.5;color:var(--muted);max-width:80ch}
.row{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(320px,100%),1fr));gap:28px 36px;margin:0 0 28px}
.row>*{margin:0;min-width:0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14.5px;line-height:1.45;font-variant-numeric:tabular-nums}
caption{padding:0 0 8px;text-align:left;font-size:14px;color:var(--muted)}
th,td{padding:7px 12px;text-align:left;vertical-align:top;border-bottom:1px solid var(--edge)}
th:first-child,td:first-child{padding-left:4px}th:last-child,td:last-child{padding-right:4px}
thead th{font-size:13px;font-weight:600;color:var(--muted);border-bottom-width:2px;vertical-align:bottom}
tbody tr:last-child td{border-bottom:0}
.right{text-align:right;white-space:nowrap}.center{text-align:center}
td.toned{color:var(--tone);font-weight:600;background:var(--tone-soft)}
td.toned:first-child{padding-left:10px}td.toned:last-child{padding-right:10px}
.facts{display:grid;grid-template-columns:minmax(120px,max-content) 1fr;gap:0 28px;font-size:14.5px}
.facts>div{display:grid;grid-template-columns:subgrid;grid-column:1/-1;padding:6px 4px;
border-bottom:1px solid var(--edge)}
.facts>div:last-child{border-bottom:0}
.facts dt{color:var(--muted)}.facts dd{margin:0;overflow-wrap:anywhere}
pre{padding:14px 16px;overflow-x:auto;border-radius:9px;background:var(--soft);
font:13px/1.55 ui-monospace,"SF Mono",Menlo,Consolas,monospace;tab-size:4}
details{border:1px solid var(--edge);border-radius:9px;padding:0 16px}
summary{margin:0 -16px;padding:10px 16px;cursor:pointer;font-weight:600;font-size:15px;border-radius:9px}
summary:hover{background:var(--soft)}
details[open]>summary{margin-bottom:8px}
@media(max-width:700px){
.all{padding:18px 12px 40px}section,.verdict{padding:18px 16px;border-radius:10px}
.verdict .say{font-size:18px}header,nav{padding:0 4px}
.tiles{grid-template-columns:repeat(2,minmax(0,1fr));flex-basis:100%}.tile{padding:10px 12px}.tile .value{font-size:20px}
figure .wide.both{display:none}figure .narrow{display:block}
th,td{padding:6px 9px}.facts{display:block}.facts>div{display:block}}
@media print{
@page{margin:16mm 14mm}
body{font-size:10.5pt;background:none;-webkit-print-color-adjust:exact;print-color-adjust:exact}
.all{max-width:none;padding:0}.tiles{grid-template-columns:repeat(3,1fr)}.tile .value{font-size:14pt}
section{padding:0;border:0;margin:0 0 22px}
nav,summary::marker{display:none}
h2,h3,summary,caption{break-after:avoid}figure,.tile,.verdict,tr,.note{break-inside:avoid}
thead{display:table-header-group}p,li{orphans:3;widows:3}
pre{white-space:pre-wrap;overflow-wrap:anywhere}.scroll{overflow:visible}
details{border:0;padding:0}summary{list-style:none;margin:0;padding:6px 0}
details::details-content{content-visibility:visible;display:block;height:auto}
a{color:inherit}}
)css";
}

}  // namespace homespun::report
