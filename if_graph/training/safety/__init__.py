"""The nano safety checker: drawings it must flag, pictures to learn from, training and measuring."""
