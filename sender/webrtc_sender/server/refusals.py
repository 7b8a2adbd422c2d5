"""What the person at the sender can do about a refusal. The server knows the reason, but not the options. Pure."""

NAME = 'or give this one another name with --stream'


def next_step(code: str | None, said: str, stream: str, token: str | None, token_file: str | None) -> str:
    """`said` is the server's own advice, `token` what it was shown, `token_file` where that came from."""
    if code in ('unauthorized', 'token_missing', 'token_expired'):
        return new_token(token, token_file)
    if code == 'forbidden':
        own = 'its --token' if token else 'no token (see --token-file)'
        shown = f'the token in {token_file}' if token_file else own
        return f'{said} This sender wants to publish "{stream}" and shows {shown}.'
    if code == 'stream_taken':
        return f'Stop the other sender, {NAME}. Until then this one keeps asking.'
    if code in ('takeover_storm', 'replaced'):
        return f'Stop all senders of "{stream}" but one, {NAME}. This one stands by until the stream is free.'
    return said


def new_token(token: str | None, token_file: str | None) -> str:
    if token_file:
        return f'Put a new token into {token_file}. It is read again by itself.'
    if token:
        return 'Give it a new --token. One in a file (--token-file) can be renewed while the sender runs.'
    return 'The server wants a token: give it one with --token-file FILE. Whoever runs the server can make it.'
