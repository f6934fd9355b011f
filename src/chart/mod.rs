//! The chart tree: `Chart.yaml`, templates, files, sub-charts; the one door to the files of a chart.
