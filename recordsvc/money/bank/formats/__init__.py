"""Bank files (银行文件): one internal model, and an adapter for each way a bank writes it."""
