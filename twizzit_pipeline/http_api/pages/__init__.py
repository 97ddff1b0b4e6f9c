"""The pages under `/twizzit`, where people of a club look and decide: server-rendered, in three languages.

What belongs here: signing in to them, what is shown, and forms. Each action is a plain function that the API's routes
call as well; who may do it is asked of `access_table` and `access`, as for the API.
"""
