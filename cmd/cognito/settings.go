package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/gocognito/cognito"
)

// settings say which pool, app client and user a command is about.
type settings struct {
	profile string
	values
}

// values are the settings that a profile may have.
type values struct {
	Pool     string `json:"pool"`
	Client   string `json:"client"`
	User     string `json:"user"`
	Region   string `json:"region"`
	Endpoint string `json:"endpoint"`
}

func (s *settings) flags(flags *flag.FlagSet) {
	flags.StringVar(&s.profile, "profile", "", "profile in the file profiles.json (COGNITO_PROFILE)")
	flags.StringVar(&s.Pool, "pool", "", "user pool ID, such as eu-west-1_aBcDeFgHi (COGNITO_USER_POOL_ID)")
	flags.StringVar(&s.Client, "client", "", "app client ID (COGNITO_CLIENT_ID); its secret is COGNITO_CLIENT_SECRET")
	flags.StringVar(&s.Region, "region", "", "region of a replica of the pool (COGNITO_REGION)")
	flags.StringVar(&s.Endpoint, "endpoint", "", "URL of a local pool, instead of AWS (COGNITO_ENDPOINT)")
}

func (s *settings) userFlag(flags *flag.FlagSet) {
	flags.StringVar(&s.User, "user", "", "username or alias (COGNITO_USERNAME)")
}

// complete sets what no flag has set: from the profile if one is named, then from the environment.
func (s *settings) complete(p program) error {
	if s.profile == "" {
		s.profile = p.env("COGNITO_PROFILE")
	}
	if s.profile != "" {
		profile, err := readProfile(s.profile)
		if err != nil {
			return err
		}
		s.fill(profile)
	}
	s.fill(values{
		Pool: p.env("COGNITO_USER_POOL_ID"), Client: p.env("COGNITO_CLIENT_ID"), User: p.env("COGNITO_USERNAME"),
		Region: p.env("COGNITO_REGION"), Endpoint: p.env("COGNITO_ENDPOINT"),
	})
	return nil
}

// fill sets the values that are not set.
func (v *values) fill(others values) {
	for _, pair := range []struct {
		value *string
		other string
	}{
		{&v.Pool, others.Pool},
		{&v.Client, others.Client},
		{&v.User, others.User},
		{&v.Region, others.Region},
		{&v.Endpoint, others.Endpoint},
	} {
		if *pair.value == "" {
			*pair.value = pair.other
		}
	}
}

// configDir returns the folder that the program keeps its files in.
func configDir() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("no folder for settings: %w", err)
	}
	return filepath.Join(dir, "cognito"), nil
}

func readProfile(name string) (values, error) {
	dir, err := configDir()
	if err != nil {
		return values{}, err
	}
	path := filepath.Join(dir, "profiles.json")
	file, err := os.Open(path) //nolint:gosec // in the user's own folder
	if errors.Is(err, fs.ErrNotExist) {
		return values{}, usageError(fmt.Sprintf("profile %q: there is no file %s", name, path))
	}
	if err != nil {
		return values{}, err
	}
	defer func() { _ = file.Close() }()
	var profiles map[string]values
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&profiles); err != nil {
		return values{}, usageError(fmt.Sprintf("%s: %v", path, err))
	}
	profile, ok := profiles[name]
	if !ok {
		return values{}, usageError(fmt.Sprintf("%s has no profile %q", path, name))
	}
	return profile, nil
}

// session returns the session of the settings' user, which is kept in the user's folder.
func (s *settings) session(p program) (*cognito.Cognito, *cognito.FileStore, error) {
	if err := s.complete(p); err != nil {
		return nil, nil, err
	}
	for _, want := range []struct{ value, flag, variable string }{
		{s.Pool, "-pool", "COGNITO_USER_POOL_ID"},
		{s.Client, "-client", "COGNITO_CLIENT_ID"},
		{s.User, "-user", "COGNITO_USERNAME"},
	} {
		if want.value == "" {
			return nil, nil, usageError(fmt.Sprintf("%s or %s is required", want.flag, want.variable))
		}
	}
	options := []cognito.Option{cognito.WithClientSecret(p.env("COGNITO_CLIENT_SECRET")), cognito.WithLogger(p.logger())}
	if s.Region != "" {
		options = append(options, cognito.WithRegion(s.Region))
	}
	if s.Endpoint != "" {
		options = append(options, cognito.WithEndpoint(s.Endpoint))
	}
	pool, err := cognito.New(s.Pool, s.Client, options...)
	if err != nil {
		return nil, nil, usageError(err.Error())
	}
	path, err := s.sessionPath()
	if err != nil {
		return nil, nil, err
	}
	store := cognito.NewFileStore(path)
	return pool.ForUser(s.User, cognito.WithTokenStore(store)), store, nil
}

// sessionPath returns the file of the session. The name is a hash, because a username may have any
// characters.
func (s *settings) sessionPath() (string, error) {
	dir, err := configDir()
	if err != nil {
		return "", err
	}
	identity, err := json.Marshal([]string{s.Endpoint, s.Pool, s.Client, s.User})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(identity)
	return filepath.Join(dir, "sessions", hex.EncodeToString(sum[:16])+".json"), nil
}

// logger shows the library's warnings.
func (p program) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
