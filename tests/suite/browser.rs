//! The HTML page in a real browser. `PLIMSOLL_BROWSER` names a Chromium.

use crate::support::{ROOT, Sandbox, objects, tool};
use plimsoll::diff::{self, Options, render};
use plimsoll::rehearse;
use std::process::Command;

/// What the page tells of itself once it is laid out; written where the browser prints it.
const PROBE: &str = r##"<script>
addEventListener("load", () => {
  const links = [...document.querySelectorAll("a")];
  document.title = JSON.stringify({
    wide: document.documentElement.scrollWidth > innerWidth,
    sections: document.querySelectorAll("section").length,
    dead: links.filter(link => !document.querySelector(link.getAttribute("href"))).length,
    outside: performance.getEntriesByType("resource").length,
    background: getComputedStyle(document.body).backgroundColor,
    unnamed: document.querySelectorAll("table:not(:has(caption)), section:not([aria-labelledby])").length,
  });
});
</script></body>"##;

#[test]
#[ignore = "needs Chromium: set PLIMSOLL_BROWSER"]
fn the_page_fits_every_screen_and_needs_nothing_else() {
    let browser = tool("PLIMSOLL_BROWSER");
    let read = |name: &str| {
        objects(&std::fs::read_to_string(format!("{ROOT}/tests/fixtures/diff/{name}.yaml")).unwrap())
    };
    let plan = diff::compare(&read("old"), &read("new"), &Options::default());
    fits_every_screen(&browser, &render::html(&plan, "orders against main"), 5);
}

#[test]
#[ignore = "needs Chromium: set PLIMSOLL_BROWSER"]
fn the_page_of_a_rehearsal_fits_every_screen_and_needs_nothing_else() {
    let browser = tool("PLIMSOLL_BROWSER");
    let read = |name: &str| {
        objects(&std::fs::read_to_string(format!("{ROOT}/tests/fixtures/rehearse/{name}.yaml")).unwrap())
    };
    let rehearsals = rehearse::rehearse(&read("old"), &read("new"), &rehearse::Options::default()).unwrap();
    fits_every_screen(&browser, &rehearse::html(&rehearsals, "app against main"), 1);
}

/// Lays a page out on a phone, a tablet and a large screen, and asks it whether anything is wrong.
fn fits_every_screen(browser: &std::path::Path, page: &str, sections: usize) {
    let page = page.replace("</body>", PROBE);
    let sandbox = Sandbox::new();
    sandbox.write("plan.html", &page);
    for (width, dark) in [(360, false), (800, true), (1600, false)] {
        let output = Command::new(browser)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--dump-dom"])
            .arg(format!("--user-data-dir={}", sandbox.path().join("profile").display()))
            .arg(format!("--window-size={width},900"))
            .arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!dark)))
            .arg(format!("file://{}", sandbox.path().join("plan.html").display()))
            .output()
            .unwrap();
        let page = String::from_utf8(output.stdout).unwrap();
        let told = page.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).unwrap().0;
        let told: serde_json::Value = serde_json::from_str(&told.replace("&quot;", "\"")).unwrap();
        let background = if dark { "rgb(13, 17, 23)" } else { "rgb(255, 255, 255)" };
        let expected = serde_json::json!({
            "wide": false, "sections": sections, "dead": 0, "outside": 0, "background": background, "unnamed": 0,
        });
        assert_eq!(told, expected, "{width} pixels wide");
    }
}
