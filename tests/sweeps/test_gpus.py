"""GPUs among workers; none is needed."""

from sweeps.gpus import gpus, share


def test_every_worker_has_its_own_or_shares_one(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,5")
    assert gpus() == ["0", "1", "2", "5"]
    assert [share(gpus(), slot, 2) for slot in range(2)] == [
        {"CUDA_VISIBLE_DEVICES": "0,2"}, {"CUDA_VISIBLE_DEVICES": "1,5"},
    ]  # fmt: skip
    shared = share(["7"], 1, 3)
    assert shared == {"CUDA_VISIBLE_DEVICES": "7", "XLA_PYTHON_CLIENT_MEM_FRACTION": "0.300"}


def test_without_gpus_nothing_is_set(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpus() == [] and share([], 0, 2) == {}
