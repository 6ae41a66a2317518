"""Own routes beside Streamlit's, under /sl/."""
