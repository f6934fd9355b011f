//! One render: the pods, DNS names, Services and claims that will come of it.
