"""Section 3.3, dual-phase training: global pre-training, then domain fine-tuning."""
