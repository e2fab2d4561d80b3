import { byId } from "./elements.js";

const COPIED_FOR_MS = 2_000;

/** Makes every button with `data-copy` copy the text of the element of that id. Without a clipboard there is no such button. */
export function enableCopying() {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    if (!(button instanceof HTMLButtonElement) || navigator.clipboard === undefined) continue;
    const usual = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const text = byId(button.dataset.copy ?? "").textContent ?? "";
      const isCopied = await navigator.clipboard.writeText(text).then(
        () => true,
        () => false,
      );
      button.textContent = isCopied ? "Copied" : "Not copied: the browser refuses";
      setTimeout(() => {
        button.textContent = usual;
      }, COPIED_FOR_MS);
    });
  }
}
