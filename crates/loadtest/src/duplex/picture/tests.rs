use super::super::files::tests::with_view;
use super::*;

#[test]
fn everything_that_happened_is_in_the_picture() {
    let svg = with_view(draw);
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
    assert!(svg.contains("where is my flight") && svg.contains("\u{2713} 0.50"), "{svg}");
    assert!(svg.contains("\u{2717} spoke 1.00"), "{svg}");
    // Two rows for forty seconds, each with two lanes and two waves.
    assert_eq!(svg.matches("<path d=\"M").count() - svg.matches("fill=\"none\"").count(), 4);
}

#[test]
fn what_people_say_cannot_break_the_picture() {
    let svg = with_view(draw);
    assert!(svg.contains("wait &lt;now&gt;") && !svg.contains("<now>"));
    let (opened, closed) = (svg.matches("<text").count(), svg.matches("</text>").count());
    assert_eq!(opened, closed);
}
