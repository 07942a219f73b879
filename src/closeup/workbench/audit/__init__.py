"""Which labels are probably wrong: predicted without having been seen, ranked, shown, and accepted one by one."""
