"""`python -m indexer` is `rwa`."""

from indexer.cli.main import main

raise SystemExit(main())
