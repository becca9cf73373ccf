package cognito

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// This file implements authentication levels and step-up as the service's developer guide describes
// them (2026-10, "Authentication levels with ACR and AMR claims"). The guide documents:
//
//   - the four levels, the factors that reach them, and the names of the parameters;
//   - that the service returns an error if the access token already has the level;
//   - that a failed challenge ends the attempt;
//   - that a lower feature plan returns FeatureUnavailableInTierException;
//   - that the application must check the claim acr.
//
// It does not document the texts of the errors, nor what the service returns in a region that does
// not support levels yet. One user reported that the parameters were ignored there.

// These are the default names of the authentication levels, the values of the claim acr. The
// factors that reach a level are fixed. A pool may rename each level. A passkey ranks below a
// password with a code of an authenticator app.
const (
	// ACRLevel1 is the level of a password alone.
	ACRLevel1 = "urn:cognito:loa:1"
	// ACRLevel2 is the level of a code by SMS or e-mail alone.
	ACRLevel2 = "urn:cognito:loa:2"
	// ACRLevel3 is the level of a passkey, or of a password and a code by SMS or e-mail.
	ACRLevel3 = "urn:cognito:loa:3"
	// ACRLevel4 is the level of a password and a code of an authenticator app.
	ACRLevel4 = "urn:cognito:loa:4"
)

// defaultLevels are the default names, from the lowest level to the highest. A pool cannot use one
// of them for another level.
var defaultLevels = []string{ACRLevel1, ACRLevel2, ACRLevel3, ACRLevel4}

// These are the parameters of a sign-in that requires a level.
const (
	keyTargetACR   = "TARGET_ACR_VALUES"
	keyMaxAge      = "MAX_AGE"
	keyAccessToken = "ACCESS_TOKEN"
)

const (
	flowByChoice    = types.AuthFlowTypeUserAuth
	keyRefreshToken = "REFRESH_TOKEN"
)

// These are the names of the options.
const (
	optTargetACR     = "TargetACR"
	optMaxAge        = "MaxAge"
	optAuthParameter = "AuthParameter"
)

// authParams are the parameters that options add to the first request of a sign-in.
type authParams struct {
	targets []string
	maxAge  *time.Duration
	extra   map[string]string
}

const maxLevelName = 64

// TargetACR requires a sign-in to reach one of levels, such as [ACRLevel4]. List every acceptable
// level, the highest first: the pool attempts the first one for which the user has the factors. The
// pool ignores unknown names. The sign-in fails if the pool knows none of the names, or if the user
// has the factors for none of the levels. Tokens of a lower level are rejected with
// [ErrInsufficientAuthentication]. A higher level is accepted if both levels have their default
// names. See [Cognito.AuthenticateChoice] and [Cognito.StepUp].
func TargetACR(levels ...string) CallOption {
	levels = slices.Clone(levels)
	const want = "want names of 1 to 64 characters without spaces, quotation marks and backslashes, got "
	bad := func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optTargetACR)
		for _, level := range levels {
			if level == "" || len(level) > maxLevelName || strings.ContainsFunc(level, bad) {
				o.refuse(optTargetACR, want+quote(level))
			}
		}
		if len(levels) == 0 {
			o.refuse(optTargetACR, "want at least one level, got none")
		}
		o.auth.targets = levels
	})
}

// MaxAge limits how long ago the user may have signed in. d is 0 or more, in whole seconds. MaxAge
// requires [TargetACR]. If the sign-in behind the access token of [Cognito.StepUp] is older, the
// user must provide all factors again.
func MaxAge(d time.Duration) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optMaxAge)
		if d < 0 || d%time.Second != 0 {
			o.refuse(optMaxAge, fmt.Sprintf("want whole seconds, 0 or more, got %v", d))
		}
		o.auth.maxAge = &d
	})
}

// ownParameters are the parameters that this package sets.
var ownParameters = []string{
	keyUsername, keyPassword, keySecretHash, keySRPA, keyDeviceKey, keyChallengeName, keyPreferredChallenge,
	keyTargetACR, keyMaxAge, keyAccessToken, keyRefreshToken,
}

// AuthParameter adds an authentication parameter that this package does not know to the first
// request of a sign-in. It may be given several times with different names. Parameters that this
// package sets itself are rejected. The request is not retried automatically.
func AuthParameter(name, value string) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optAuthParameter)
		switch {
		case name == "":
			o.refuse(optAuthParameter, "want the name of a parameter, got none")
		case slices.Contains(ownParameters, name):
			o.refuse(optAuthParameter, "want a parameter that this package does not set itself, got "+name)
		}
		o.auth.extra = maps.Clone(o.auth.extra)
		if o.auth.extra == nil {
			o.auth.extra = map[string]string{}
		}
		o.auth.extra[name] = value
	})
}

// addTo adds the parameters to the first request of a sign-in.
func (p authParams) addTo(start *authStart) error {
	if len(p.targets) > 0 && start.flow != flowByChoice {
		return fieldError("option "+optTargetACR, "want the flow "+string(flowByChoice)+", got "+string(start.flow))
	}
	if p.maxAge != nil && len(p.targets) == 0 {
		return fieldError("option "+optMaxAge, "want "+optTargetACR+" with it, got none")
	}
	maps.Copy(start.params, p.extra)
	if len(p.targets) > 0 {
		start.params[keyTargetACR] = strings.Join(p.targets, " ")
	}
	if p.maxAge != nil {
		start.params[keyMaxAge] = strconv.FormatInt(int64(*p.maxAge/time.Second), 10)
	}
	return nil
}

// given reports whether any parameter was given.
func (p authParams) given() bool { return len(p.targets) > 0 || p.maxAge != nil || len(p.extra) > 0 }

// meetsLevel reports whether acr is one of targets, or a higher level. It compares levels only by
// their default names.
func meetsLevel(acr string, targets []string) bool {
	rank := slices.Index(defaultLevels, acr)
	return acr != "" && slices.ContainsFunc(targets, func(target string) bool {
		wanted := slices.Index(defaultLevels, target)
		return target == acr || wanted >= 0 && rank >= wanted
	})
}

// checkLevel rejects tokens of a lower level than the sign-in requires. The tokens are not verified
// yet; the caller does that next.
func (s *signIn) checkLevel(ts *tokenSet) error {
	if len(s.targets) == 0 || meetsLevel(ts.acr, s.targets) {
		return nil
	}
	got := quote(ts.acr)
	if ts.acr == "" {
		got = "no claim acr"
	}
	return &TokenError{Use: AccessToken, Reason: fmt.Errorf("%w: want the level %s, got %s",
		ErrInsufficientAuthentication, strings.Join(s.targets, " or "), got)}
}

// StepUp asks the signed-in user for further factors, for example before a payment. It requires the
// option [TargetACR]. It also takes [MaxAge], [AuthParameter], [ClientMetadata],
// [AnalyticsMetadata] and [UserContextData]. The pool asks for the factors that the claim amr of
// the session's access token does not list. With MaxAge it asks for all factors if the user signed
// in too long ago. first is the first factor to use if the pool needs one. FirstFactor{} leaves the
// choice to the pool.
//
// StepUp returns what [Cognito.Authenticate] returns. It returns nil once the session has new
// tokens of the same user at an accepted level. Until then, and after an error, the session keeps
// its tokens. A failed challenge ends the attempt.
//
// Common errors: [ErrNotSignedIn]; [ErrLevelReached] if the token already has the level (the
// service has an error of its own for that, with an unknown text); [ErrInsufficientAuthentication]
// if the new tokens have a lower level or none, as in a region that does not support levels yet;
// [ErrFeatureUnavailable] if the pool's plan lacks levels; and [ErrInvalidArgument] if the user
// lacks the factors.
//
// It calls InitiateAuth and, for SRP, RespondToAuthChallenge with the session's access token.
func (c *Cognito) StepUp(ctx context.Context, first FirstFactor, opts ...CallOption) (err error) {
	defer named("StepUp", &err)
	s, err := c.newSignIn("StepUp", false, opts, optTargetACR, optMaxAge, optAuthParameter)
	if err != nil {
		return err
	}
	if len(s.call.auth.targets) == 0 {
		return fieldError("option "+optTargetACR, "want the level to reach, got none")
	}
	start, err := startOfChoice(first)
	if err != nil {
		return err
	}
	return c.withTokens(ctx, func(ts *tokenSet) error {
		if s.call.auth.maxAge == nil && meetsLevel(ts.acr, s.call.auth.targets[:1]) {
			return fmt.Errorf("%w: %s", ErrLevelReached, ts.acr)
		}
		if ts.subject == "" || ts.username == "" {
			return errors.New("access token: want the claims sub and username")
		}
		// The service compares the name with that in the token, so an alias is rejected.
		s.username, s.stepUp = ts.username, ts.subject
		withToken := start
		withToken.params = maps.Clone(start.params)
		withToken.params[keyAccessToken] = ts.AccessToken
		return s.begin(ctx, withToken)
	})
}
