"""Departments that write down what they hear, as the chaos runs load them: each module is one department."""
