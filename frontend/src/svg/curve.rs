//! The way of an edge: one cubic Bézier curve, in the picture's units.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    pub x: i32,
    pub y: i32,
}

pub fn at(x: i32, y: i32) -> Point {
    Point { x, y }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Curve(pub [Point; 4]);

impl Curve {
    pub fn straight(from: Point, to: Point) -> Self {
        let third = |a: i32, b: i32| a + (b - a) / 3;
        let one = at(third(from.x, to.x), third(from.y, to.y));
        let two = at(third(to.x, from.x), third(to.y, from.y));
        Curve([from, one, two, to])
    }

    /// Leaves and arrives vertically.
    pub fn upright(from: Point, to: Point) -> Self {
        let middle = (from.y + to.y) / 2;
        Curve([from, at(from.x, middle), at(to.x, middle), to])
    }

    /// Leaves along the column, arrives along the row.
    pub fn swing(from: Point, to: Point) -> Self {
        let across = from.x + (to.x - from.x) / 4;
        Curve([from, at(from.x, to.y + (from.y - to.y) / 4), at(across, to.y), to])
    }

    /// Leaves along the row, arrives along the column.
    pub fn corner(from: Point, to: Point) -> Self {
        let bend = at(from.x + (to.x - from.x) * 7 / 8, from.y);
        Curve([from, bend, at(to.x, from.y + (to.y - from.y) / 3), to])
    }

    /// Leaves sideways, goes along a gutter and comes back sideways.
    pub fn around(from: Point, to: Point, gutter: i32) -> Self {
        Curve([from, at(gutter, from.y), at(gutter, to.y), to])
    }

    /// The point at `t` from 0 to 1.
    pub fn point(&self, t: f64) -> (f64, f64) {
        let u = 1.0 - t;
        let weights = [u * u * u, 3.0 * u * u * t, 3.0 * u * t * t, t * t * t];
        let mut sum = (0.0, 0.0);
        for (weight, point) in weights.iter().zip(self.0) {
            sum.0 += weight * f64::from(point.x);
            sum.1 += weight * f64::from(point.y);
        }
        sum
    }

    /// `M…C…` for a path's `d`.
    pub fn path(&self) -> String {
        let [a, b, c, d] = self.0;
        format!("M{} {}C{} {} {} {} {} {}", a.x, a.y, b.x, b.y, c.x, c.y, d.x, d.y)
    }

    /// A small triangle at the end, pointing the way the curve arrives.
    pub fn arrow_head(&self) -> String {
        let [a, _, c, d] = self.0;
        let from = if c == d { a } else { c };
        let (dx, dy) = (f64::from(d.x - from.x), f64::from(d.y - from.y));
        let length = dx.hypot(dy).max(1.0);
        // In tenths, so that a slanted head keeps its shape.
        let corner = |along: f64, across: f64| {
            let x = f64::from(d.x) - along * dx / length - across * dy / length;
            let y = f64::from(d.y) - along * dy / length + across * dx / length;
            (tenths(x), tenths(y))
        };
        let ((ax, ay), (bx, by)) = (corner(9.0, 4.5), corner(9.0, -4.5));
        format!("M{} {}L{ax} {ay}L{bx} {by}Z", d.x, d.y)
    }
}

fn tenths(value: f64) -> String {
    let value = (value * 10.0).round() as i32;
    format!("{}.{}", value / 10, (value % 10).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_begins_and_ends_where_it_says() {
        for curve in [
            Curve::straight(at(0, 0), at(90, 30)),
            Curve::upright(at(0, 0), at(90, 30)),
            Curve::corner(at(0, 0), at(90, 30)),
            Curve::swing(at(0, 0), at(90, 30)),
            Curve::around(at(0, 0), at(90, 30), -20),
        ] {
            assert_eq!(curve.point(0.0), (0.0, 0.0));
            assert_eq!(curve.point(1.0), (90.0, 30.0));
        }
    }

    #[test]
    fn an_arrow_head_points_the_way_of_the_curve() {
        assert_eq!(Curve::straight(at(0, 0), at(30, 0)).arrow_head(), "M30 0L21.0 4.5L21.0 -4.5Z");
    }
}
