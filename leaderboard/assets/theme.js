// Before the page is drawn: the theme that the reader chose, so that a dark page never flashes white.
"use strict";
try {
  const chosen = localStorage.getItem("gan-bench-theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
} catch { /* storage is off: the system's theme */ }
document.documentElement.classList.add("js");
