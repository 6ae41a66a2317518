"""What is served beside Streamlit: the gate before everything, ways in and out, and pixels."""
