"""Quality of what is logged: what share of each source's events says who, when, what, why and from where; and its clock."""
