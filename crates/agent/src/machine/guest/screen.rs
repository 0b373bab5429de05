//! Pictures of screens: what QEMU makes (PPM) as what EC2 answers with (JPEG). Pure.

use jpeg_encoder::{ColorType, Encoder};

/// In hundredths: letters stay sharp.
const QUALITY: u8 = 85;

/// A picture in binary PPM (ppm(5)) with 8 bits a sample, as JPEG.
pub fn jpeg(ppm: &[u8]) -> Result<Vec<u8>, String> {
    let (width, height, pixels) = read(ppm).ok_or("the picture has an unknown form")?;
    let mut out = Vec::new();
    Encoder::new(&mut out, QUALITY).encode(pixels, width, height, ColorType::Rgb).map_err(|error| error.to_string())?;
    Ok(out)
}

fn read(ppm: &[u8]) -> Option<(u16, u16, &[u8])> {
    let mut rest = ppm.strip_prefix(b"P6\n")?;
    let mut line = || {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let text = std::str::from_utf8(&rest[..end]).ok()?;
        rest = &rest[end + 1..];
        Some(text)
    };
    let (width, height) = line()?.split_once(' ')?;
    let (width, height): (u16, u16) = (width.parse().ok()?, height.parse().ok()?);
    let is_bytes = line()? == "255";
    let length = usize::from(width) * usize::from(height) * 3;
    (is_bytes && length > 0).then(|| rest.get(..length)).flatten().map(|pixels| (width, height, pixels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_becomes_a_jpeg() {
        let picture = [&b"P6\n16 8\n255\n"[..], &[200; 16 * 8 * 3]].concat();
        let jpeg = jpeg(&picture).unwrap();
        assert!(jpeg.starts_with(&[0xff, 0xd8, 0xff]) && jpeg.ends_with(&[0xff, 0xd9]));
    }

    #[test]
    fn what_is_no_picture_is_none() {
        for bytes in [&b""[..], b"P6\n", b"P5\n1 1\n255\nabc", b"P6\n2 2\n255\nabc", b"P6\n0 0\n255\n", b"P6\n1 1\n65535\nabcdef"]
        {
            assert!(jpeg(bytes).is_err());
        }
    }
}
