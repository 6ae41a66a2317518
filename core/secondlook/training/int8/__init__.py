"""From a vision backbone to the same one in int8, if that tells good from bad about as well."""
