// Mend what the theme leaves out: names for the copy buttons' bars, and scrolling of wide tables by keyboard.
function mend() {
  document.querySelectorAll(".md-code__nav").forEach((bar, place) => {
    if (!bar.ariaLabel) bar.ariaLabel = `Code block ${place + 1}`;
  });
  for (const table of document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])")) table.tabIndex = 0;
}
new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
mend();
