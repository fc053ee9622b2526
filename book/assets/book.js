// What the theme's pages lack for screen readers and printers.
"use strict";

function mendRoles() {
  // The arrows that unfold the contents say nothing; the page they unfold has a name.
  for (const arrow of document.querySelectorAll(".bd-sidenav summary")) {
    const page = arrow.closest("li").querySelector("a");
    arrow.setAttribute("aria-label", `Pages below ${page.textContent.trim()}`);
  }
  // The book's title stands outside every landmark.
  document.querySelector(".sidebar-primary-item:has(.navbar-brand)")?.setAttribute("role", "banner");
  // A reference list is marked up with roles that are deprecated or do not nest.
  for (const entry of document.querySelectorAll(".citation-list, [role=doc-biblioentry]"))
    entry.removeAttribute("role");
}

function unfoldForPrinting() {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("main details:not([open])")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
}

mendRoles();
unfoldForPrinting();
