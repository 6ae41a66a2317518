"""The picture viewer: a component that draws in the browser, and what it is told of a case."""
