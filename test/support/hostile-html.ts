/** One way in which the HTML of a mail tries to reach `url`, or to reach out of its frame and then to say so at `url`. */
export interface Trick {
  readonly html: (url: string) => string;
  /** It needs a person to click on the element with this id. */
  readonly clicks?: true;
  /** It takes the document away, so that nothing else can be tried in it. */
  readonly leaves?: true;
}

const ESCAPE = (url: string): string => `top.document.title = 'owned'; fetch('${url}')`;

export const TRICKS: Readonly<Record<string, Trick>> = {
  script: { html: (url) => `<script>fetch("${url}")</script>` },
  "script file": { html: (url) => `<script src="${url}"></script>` },
  "module script": { html: (url) => `<script type="module" src="${url}"></script>` },
  "script that reaches for the page around it": { html: (url) => `<script>${ESCAPE(url)}</script>` },
  image: { html: (url) => `<img src="${url}">` },
  "image set": { html: (url) => `<img srcset="${url} 1x">` },
  "image of a base": { html: (url) => `<base href="${url}/"><img src="based.png">` },
  onerror: { html: (url) => `<img src="data:," onerror="fetch('${url}')">` },
  "onload of an svg": { html: (url) => `<svg onload="fetch('${url}')"></svg>` },
  onfocus: { html: (url) => `<input autofocus onfocus="fetch('${url}')">` },
  ontoggle: { html: (url) => `<details open ontoggle="fetch('${url}')"></details>` },
  "svg image": { html: (url) => `<svg><image href="${url}"/></svg>` },
  "svg filter": {
    html: (url) =>
      `<svg><filter id="f"><feImage href="${url}"/></filter><rect width="9" height="9" filter="url(#f)"/></svg>`,
  },
  "style sheet": { html: (url) => `<link rel="stylesheet" href="${url}">` },
  preload: { html: (url) => `<link rel="preload" as="image" href="${url}">` },
  "css url()": { html: (url) => `<div style="background: url('${url}')">x</div>` },
  "css @import": { html: (url) => `<style>@import "${url}";</style>` },
  "css font": {
    html: (url) => `<style>@font-face { font-family: x; src: url("${url}") } em { font-family: x }</style><em>x</em>`,
  },
  frame: { html: (url) => `<iframe src="${url}"></iframe>` },
  "frame with a document of its own": { html: (url) => `<iframe srcdoc="<script>fetch('${url}')</script>"></iframe>` },
  object: { html: (url) => `<object data="${url}"></object>` },
  embed: { html: (url) => `<embed src="${url}">` },
  poster: { html: (url) => `<video poster="${url}"></video>` },
  audio: { html: (url) => `<audio src="${url}" autoplay></audio>` },
  "input image": { html: (url) => `<input type="image" src="${url}">` },
  background: { html: (url) => `<table background="${url}"><tr><td>x</td></tr></table>` },
  dialog: { html: (url) => `<script>alert("a dialog"); fetch("${url}")</script>` },
  refresh: { leaves: true, html: (url) => `<meta http-equiv="refresh" content="0;url=${url}">` },
  "script that navigates the page around it": {
    leaves: true,
    html: (url) => `<script>top.location = "${url}"</script>`,
  },
  "form that sends itself": {
    leaves: true,
    html: (url) =>
      `<form id="f" action="${url}" target="_top"><input name="q" value="x"></form><script>document.getElementById("f").submit()</script>`,
  },
  "link to the whole window": { clicks: true, html: (url) => `<a id="click" target="_top" href="${url}">click</a>` },
  "link to a new window": { clicks: true, html: (url) => `<a id="click" target="_blank" href="${url}">click</a>` },
  "link in the frame": { clicks: true, html: (url) => `<a id="click" href="${url}">click</a>` },
  "link of a base": {
    clicks: true,
    html: (url) => `<base href="${url}/" target="_top"><a id="click" href="based">click</a>`,
  },
  "javascript: link": { clicks: true, html: (url) => `<a id="click" href="javascript:${ESCAPE(url)}">click</a>` },
  form: {
    clicks: true,
    html: (url) => `<form action="${url}" method="post" target="_top"><button id="click">click</button></form>`,
  },
  "form in a new window": {
    clicks: true,
    html: (url) => `<form><button id="click" formaction="${url}" formtarget="_blank">click</button></form>`,
  },
};
