"""Onboarding by link: a company connects, chooses, looks and starts, without a log-in and without a word of ours."""
