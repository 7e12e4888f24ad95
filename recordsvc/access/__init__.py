"""Who may: clients, tokens, logins, roles, policy, who-looked (访问控制)."""
