//! A message at rest, by its shape: the same shapes as on the canvas.

use diagram::Token;

pub fn glyph(token: Token, x: i32, y: i32) -> String {
    match token {
        Token::Command => {
            format!("<rect class=\"t command\" x=\"{}\" y=\"{}\" width=\"12\" height=\"12\" rx=\"2\"/>", x - 6, y - 6)
        }
        Token::Query => format!("<path class=\"t query\" d=\"M{x} {}l6.5 11h-13z\"/>", y - 6),
        Token::Event => format!("<circle class=\"t event\" cx=\"{x}\" cy=\"{y}\" r=\"6\"/>"),
        Token::Reply => format!("<circle class=\"t reply\" cx=\"{x}\" cy=\"{y}\" r=\"5\"/>"),
        Token::Failure => format!("<path class=\"t failure\" d=\"M{x} {}l7 7l-7 7l-7-7z\"/>", y - 7),
        Token::Compensation => format!(
            "<circle class=\"t compensation\" cx=\"{x}\" cy=\"{y}\" r=\"7.5\"/><path class=\"return\" d=\"M{} {}a3.6 3.6 0 1 1-.6-3.4m.4-2.4v2.6h-2.6\"/>",
            x + 3,
            y + 2
        ),
    }
}
