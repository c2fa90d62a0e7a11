import numpy as np
import torch
from sklearn.linear_model import Ridge as ReferenceRidge

from dmd.dropout import no_dropout
from dmd.models.ridge import NUM_PENALTIES, pooled_features
from dmd.registry import build_model
from tests.dmd.builders import make_batch, make_dims

DIMS = make_dims()


def test_closed_form_equals_scikit_learn() -> None:
    train, other = make_batch(DIMS, 40, 1), make_batch(DIMS, 10, 2)
    assert train.labels is not None
    model = build_model("ridge", {"strongest": 10.0, "weakest": 0.001}, DIMS, 0)
    model.prepare_epoch(4, train)
    penalty = np.logspace(1, -3, NUM_PENALTIES)[3] * 40
    x = pooled_features(train).double()
    mean, scale = x.mean(0), x.std(0, correction=0)
    reference = ReferenceRidge(alpha=penalty).fit(((x - mean) / scale).numpy(), train.labels.double().numpy())
    expected = reference.predict(((pooled_features(other).double() - mean) / scale).numpy())
    np.testing.assert_allclose(model(other, no_dropout).prediction.numpy(), expected, rtol=1e-5)


def test_pooling_takes_the_last_real_step_and_the_mean_of_real_steps() -> None:
    batch = make_batch(DIMS, 1, 3)
    length = int(batch.lengths["language"][0])
    width = DIMS.widths["language"]
    pooled = pooled_features(batch)[0]
    torch.testing.assert_close(pooled[:width], batch.features["language"][0, length - 1])
    torch.testing.assert_close(pooled[width : 2 * width], batch.features["language"][0, :length].mean(0))


def test_it_has_nothing_to_train_and_checkpoints_its_fit() -> None:
    model = build_model("ridge", {}, DIMS, 0)
    assert list(model.parameters()) == []
    model.prepare_epoch(1, make_batch(DIMS, 20, 1))
    assert model.state_dict()["weight"].abs().sum() > 0
