"""Groups (人员类别): what departments state of the people they answer for - disabled, veterans, farmers."""
