"""A simulated credit bank (模拟学分银行): own code, own book; it misbehaves on purpose.

It takes `credit-outcome/1`, answers and reconciles; it shares no module with what it is tried against.
"""
