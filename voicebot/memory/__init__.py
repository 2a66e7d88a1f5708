"""What is remembered of a conversation: what the chat model is told of it, and what outlives the process.

From the top down:

    turns          one finished turn, and what the chat model is told of it
    budget         how many model tokens messages take, estimated
    summary        a running summary, written by the chat model
    window         the last turns and the summary of those before them, in this process only
    sqlite_file    the file they are kept in: made, known as ours, brought up to date, set aside when damaged
    sqlite_rows    what its rows hold, and what of it is damaged
    sqlite_store   conversations in a file: synchronous, for one thread
    history        that thread, one for all conversations of a process
    persistent     the memory of one conversation: a window, kept in the history
"""
