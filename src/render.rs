//! A release: charts and values to rendered, checked and ordered manifests.
