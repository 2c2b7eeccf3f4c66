"""Groups for a matrix of a test: hosts of one group that do the same are one alert that grows."""

SERVERS = frozenset({10, 11, 20, 25, 40, 140})  # have a group of their own, in the reference matrix


def each_apart(matrix, hosts):
    """The matrix with a group for each of 192.0.2.<host>: what they do alike is an alert each."""
    assert matrix.count("\ngroups:\n") == 1
    groups = "".join(f"  pc-{host}: {{role: client, service: office, addresses: [192.0.2.{host}]}}\n"
                     for host in hosts if host not in SERVERS)
    return matrix.replace("\ngroups:\n", "\ngroups:\n" + groups)
