//! Network namespaces by path: make one, do something inside one, remove one.
