//! How many of an assistant's conversations try its candidate, as it is typed.

/// The share of 100 that was typed, or why it is none.
pub fn percentage(text: &str) -> Result<f64, &'static str> {
    let number = text.trim().trim_end_matches('%').trim_end();
    match number.replace(',', ".").parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        Ok(_) | Err(_) => Err("This is to be a number from 0 to 100."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_a_hundred_is_read() {
        for (text, percent) in [("0", 0.0), ("100", 100.0), (" 2,5 % ", 2.5), ("0.1", 0.1)] {
            assert_eq!(percentage(text), Ok(percent), "{text}");
        }
        for text in ["", "%", "-1", "100.1", "many", "NaN", "inf"] {
            assert!(percentage(text).is_err(), "{text}");
        }
    }
}
