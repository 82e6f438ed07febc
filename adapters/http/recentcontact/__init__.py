"""The product's REST calls on conversation groups, `/v4/recentcontact/*`, for programs that were written for it."""
