"""The demonstration street 望潮街道 (reference part D): its data, its loading, its tokens and its running. All of it is invented."""
