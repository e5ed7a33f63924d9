"""The fake servers of all providers: each module has ``Fake`` and ``adapter(url, key)``."""

import fake_fal
import fake_google
import fake_google_cloud
import fake_luma
import fake_replicate
import fake_runway
import fake_wavespeed
from support import fake_openai

FAKES = {
    "openai": fake_openai,
    "google": fake_google,
    "google_cloud": fake_google_cloud,
    "luma": fake_luma,
    "runway": fake_runway,
    "wavespeed": fake_wavespeed,
    "replicate": fake_replicate,
    "fal": fake_fal,
}
