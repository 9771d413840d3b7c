// SPDX-License-Identifier: Apache-2.0
// Traits, generics, closures and iterators: what Rust makes of names.
use std::collections::HashMap;

trait Shape {
    fn area(&self) -> f64;
    fn name(&self) -> String {
        String::from("shape")
    }
}

struct Square<T>(T);
struct Circle {
    radius: f64,
}

impl<T: Copy + Into<f64>> Shape for Square<T> {
    #[inline(never)]
    fn area(&self) -> f64 {
        let side: f64 = self.0.into();
        side * side
    }
}

impl Shape for Circle {
    fn area(&self) -> f64 {
        scaled(self.radius) * 3.14
    }
    fn name(&self) -> String {
        format!("circle of {}", self.radius)
    }
}

#[inline(always)]
fn scaled(x: f64) -> f64 {
    let twice = |y: f64| x * y;
    twice(x) + twice(0.5)
}

#[inline(never)]
fn words(text: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word.to_lowercase()).or_insert(0) += 1;
    }
    counts
}

fn main() {
    let shapes: Vec<Box<dyn Shape>> = vec![
        Box::new(Square(3i32)),
        Box::new(Square(2.5f32)),
        Box::new(Circle { radius: 1.5 }),
    ];
    let mut areas: Vec<f64> = shapes.iter().map(|s| s.area()).collect();
    areas.sort_by(|a, b| b.partial_cmp(a).unwrap());
    let names: Vec<String> = shapes.iter().map(|s| s.name()).filter(|n| n.len() > 2).collect();
    println!("{:?} {:?} {}", areas, names, words(&names.join(" ")).len());
}
