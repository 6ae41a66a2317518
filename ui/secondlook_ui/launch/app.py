"""The script that Streamlit runs; alone in its folder, which ends up on the module path."""

from secondlook_ui.pages import main

main()
