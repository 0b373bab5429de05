//! Where a redirect action leads.
//!
//! Spec: `RedirectActionConfig`: a component may hold the reserved keywords `#{protocol}`, `#{host}`, `#{port}`, `#{path}`
//! (without the leading `/`) and `#{query}`, which stand for the request's own.

/// The components as the user configured them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// `HTTP`, `HTTPS` or `#{protocol}`.
    pub protocol: String,
    /// A host name.
    pub host: String,
    /// 1 to 65535, or `#{port}`.
    pub port: String,
    /// With the leading `/`.
    pub path: String,
    /// Without the leading `?`; may be empty.
    pub query: String,
}

/// The request's own components.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// `http` or `https`.
    pub protocol: &'a str,
    /// Without the port.
    pub host: &'a str,
    /// The listener's port.
    pub port: u16,
    /// With the leading `/`.
    pub path: &'a str,
    /// Empty if there is none.
    pub query: &'a str,
}

impl Redirect {
    /// The value of `Location`. The port is always part of it, as with the real one.
    pub fn location(&self, origin: &Origin<'_>) -> String {
        let part = |template: &str| expand(template, origin);
        let (protocol, host, port, path) =
            (part(&self.protocol).to_ascii_lowercase(), part(&self.host), part(&self.port), part(&self.path));
        match part(&self.query).as_str() {
            "" => format!("{protocol}://{host}:{port}{path}"),
            query => format!("{protocol}://{host}:{port}{path}?{query}"),
        }
    }
}

/// Replaces each keyword once, from left to right; what a keyword stands for is not looked at again.
fn expand(template: &str, origin: &Origin<'_>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find("#{") {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let keyword = rest.find('}').map_or(rest, |end| &rest[..=end]);
        match value(keyword, origin) {
            Some(value) => {
                out.push_str(&value);
                rest = &rest[keyword.len()..];
            }
            None => {
                out.push_str("#{");
                rest = &rest[2..];
            }
        }
    }
    out + rest
}

fn value(keyword: &str, origin: &Origin<'_>) -> Option<String> {
    Some(match keyword {
        "#{protocol}" => origin.protocol.into(),
        "#{host}" => origin.host.into(),
        "#{port}" => origin.port.to_string(),
        "#{path}" => origin.path.strip_prefix('/').unwrap_or(origin.path).into(),
        "#{query}" => origin.query.into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin<'_> = Origin { protocol: "http", host: "a.test", port: 8080, path: "/x/y", query: "k=v" };

    fn redirect(protocol: &str, host: &str, port: &str, path: &str, query: &str) -> String {
        let own = |text: &str| text.to_owned();
        Redirect { protocol: own(protocol), host: own(host), port: own(port), path: own(path), query: own(query) }
            .location(&ORIGIN)
    }

    #[test]
    fn locations() {
        assert_eq!(redirect("#{protocol}", "#{host}", "#{port}", "/#{path}", "#{query}"), "http://a.test:8080/x/y?k=v");
        assert_eq!(redirect("HTTPS", "#{host}", "443", "/#{path}", "#{query}"), "https://a.test:443/x/y?k=v");
        assert_eq!(redirect("HTTPS", "b.#{host}", "443", "/new/#{path}", ""), "https://b.a.test:443/new/x/y");
        assert_eq!(redirect("HTTP", "h", "80", "/#{nothing}/#{path", "#{#{host}}"), "http://h:80/#{nothing}/#{path?#{a.test}");
    }

    #[test]
    fn what_a_keyword_stands_for_is_not_expanded_again() {
        let origin = Origin { path: "/#{host}", ..ORIGIN };
        assert_eq!(expand("/#{path}", &origin), "/#{host}");
    }
}
