//! Task sizes: how they are written, and which ones Fargate has ("Task size" in the Amazon ECS Developer Guide).

/// CPU units: `256`, or vCPUs as in `.25 vCPU`.
pub fn parse_cpu(text: &str) -> Option<u32> {
    match strip_unit(text, "vcpu") {
        Some(number) => scaled(number, 1024.0),
        None => text.trim().parse().ok(),
    }
}

/// MiB: `512`, or GiB as in `0.5GB`.
pub fn parse_memory(text: &str) -> Option<u32> {
    match strip_unit(text, "gb") {
        Some(number) => scaled(number, 1024.0),
        None => text.trim().parse().ok(),
    }
}

fn strip_unit<'a>(text: &'a str, unit: &str) -> Option<&'a str> {
    let text = text.trim();
    let at = text.len().checked_sub(unit.len()).filter(|at| text.is_char_boundary(*at))?;
    text[at..].eq_ignore_ascii_case(unit).then(|| text[..at].trim())
}

fn scaled(number: &str, factor: f64) -> Option<u32> {
    let value = number.parse::<f64>().ok()? * factor;
    (value.is_finite() && value >= 0.0 && value <= f64::from(u32::MAX) && value.fract() == 0.0).then_some(value as u32)
}

/// Whether Fargate has tasks of so many CPU units and MiB.
pub fn fargate_has(cpu: u32, memory: u32) -> bool {
    let between =
        |low: u32, high: u32, step: u32| (low * 1024..=high * 1024).contains(&memory) && memory.is_multiple_of(step * 1024);
    match cpu {
        256 => memory == 512 || between(1, 2, 1),
        512 => between(1, 4, 1),
        1024 => between(2, 8, 1),
        2048 => between(4, 16, 1),
        4096 => between(8, 30, 1),
        8192 => between(16, 60, 4),
        16384 => between(32, 120, 8),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_in_two_ways() {
        for (text, cpu) in
            [("256", Some(256)), (".25 vCPU", Some(256)), ("1vcpu", Some(1024)), ("1 GB", None), ("-1", None), ("é", None)]
        {
            assert_eq!(parse_cpu(text), cpu, "{text}");
        }
        for (text, memory) in [("512", Some(512)), ("0.5GB", Some(512)), ("30 gb", Some(30720)), ("lots", None), ("NaN GB", None)]
        {
            assert_eq!(parse_memory(text), memory, "{text}");
        }
    }

    #[test]
    fn fargate_has_the_sizes_of_its_table() {
        for (cpu, memory, has) in [
            (256, 512, true),
            (256, 1024, true),
            (256, 2048, true),
            (256, 3072, false),
            (256, 768, false),
            (512, 512, false),
            (512, 4096, true),
            (1024, 2048, true),
            (1024, 9216, false),
            (2048, 16384, true),
            (4096, 30720, true),
            (4096, 31744, false),
            (8192, 16384, true),
            (8192, 17408, false),
            (16384, 122_880, true),
            (128, 512, false),
        ] {
            assert_eq!(fargate_has(cpu, memory), has, "{cpu} {memory}");
        }
    }
}
