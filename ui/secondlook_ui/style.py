"""The few rules of style that Streamlit's theme does not reach. A constant: nothing is put in."""

import streamlit as st

CSS = """<style>
[data-testid="stMainBlockContainer"] { padding: 2.25rem 2rem 1rem; max-width: 1800px; }
[data-testid="stText"] { font-family: inherit; font-size: 0.9rem; line-height: 1.4; }
[class*="st-key-large"] [data-testid="stText"] { font-size: 1.35rem; font-weight: 600; }
[class*="st-key-strong"] [data-testid="stText"] { font-weight: 600; font-size: 0.95rem; }
[class*="st-key-quiet"] [data-testid="stText"] { opacity: 0.72; font-size: 0.82rem; }
[class*="st-key-caution"], [class*="st-key-said"], [class*="st-key-passage"] {
  border-left: 4px solid; padding-left: 0.6rem; }
[class*="st-key-caution"] { border-color: #d98200; }
[class*="st-key-said"] { border-color: #1f8a4c; }
[class*="st-key-passage"] { border-color: rgba(128, 128, 128, 0.5); }
:is([class*="st-key-finding-"], .st-key-ways, [class*="-notice"], .st-key-form-head) button {
  min-height: 32px; padding: 0 0.45rem; }
@media (pointer: coarse) {
  :is([class*="st-key-finding-"], .st-key-ways, .st-key-form-head) button { min-height: 40px; } }
.st-key-tiles [data-testid="stMetricValue"] { font-size: 1.25rem; }
.st-key-similar { overflow: hidden; }
[class*="st-key-alike-words"] :is([data-testid="stText"], [data-testid="stText"] *) {
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; line-height: 1.2; }
[class*="st-key-quiet-alike"] [data-testid="stText"] { font-size: 0.78rem; }
[class*="st-key-alike-card"] { flex-wrap: nowrap; min-width: 0; }
[class*="st-key-alike-words"] { min-width: 0; }
[class*="st-key-alike-picture"] img { width: 52px; height: 52px; object-fit: cover; }
[class*="st-key-alike-words"] button { min-height: 24px; padding: 0; line-height: 1; }
.st-key-ready { position: fixed; right: 1rem; bottom: 0.2rem; width: auto; opacity: 0.8; }
[data-testid="stApp"]:not([data-test-script-state="notRunning"]) .st-key-ready { opacity: 0; }
.st-key-account { position: fixed; top: 0.55rem; right: 3.5rem; width: auto; z-index: 1000000; }
.st-key-account button { min-height: 32px; padding: 0 0.6rem; max-width: 16rem; }
.st-key-account-name [data-testid="stText"] { max-width: 14rem; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; opacity: 0.85; }
.st-key-presence { position: absolute; width: 0; height: 0; overflow: hidden; }
[class*="st-key-way"] a { color: inherit; text-decoration: underline; }
.st-key-way-in a { display: inline-block; padding: 0.45rem 1rem; border-radius: 0.5rem;
  font-weight: 600; text-decoration: none; border: 1px solid; }
</style>"""


def apply() -> None:
    """Put the rules into the page."""
    st.html(CSS)
