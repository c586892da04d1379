"""The static folder of pages: one module for each kind of page, and `site` that writes all of them."""
