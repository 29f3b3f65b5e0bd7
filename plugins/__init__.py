"""The departments 部门 that come with the checkout; each imports `shaodao.plugin` and nothing else of the platform."""
