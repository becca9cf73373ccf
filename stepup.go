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

// Authentication levels and step-up, as the service's developer guide describes them (2026-10, "Authentication levels with
// ACR and AMR claims"). Documented there: the four levels and what reaches them, the parameters and their names, that a
// token that meets the level is an error, that a failed challenge ends the attempt, that a lower feature plan is
// FeatureUnavailableInTierException, and that the application must check the claim acr. The texts of the errors are not
// documented, nor is what the service answers where it does not serve levels yet; one user saw it ignore the parameters.

// The default names of the authentication levels, the claim acr. What reaches a level is fixed; a pool may give each
// another name. The passkey ranks below the password with a code of an authenticator app.
const (
	// ACRLevel1 is a password alone.
	ACRLevel1 = "urn:cognito:loa:1"
	// ACRLevel2 is a code by SMS or e-mail alone.
	ACRLevel2 = "urn:cognito:loa:2"
	// ACRLevel3 is a passkey, or a password and a code by SMS or e-mail.
	ACRLevel3 = "urn:cognito:loa:3"
	// ACRLevel4 is a password and a code of an authenticator app.
	ACRLevel4 = "urn:cognito:loa:4"
)

// defaultLevels are the default names in their order. A pool cannot give one of them to another level.
var defaultLevels = []string{ACRLevel1, ACRLevel2, ACRLevel3, ACRLevel4}

// The parameters of a sign-in that aims at a level.
const (
	keyTargetACR   = "TARGET_ACR_VALUES"
	keyMaxAge      = "MAX_AGE"
	keyAccessToken = "ACCESS_TOKEN"
)

const (
	flowByChoice    = types.AuthFlowTypeUserAuth
	keyRefreshToken = "REFRESH_TOKEN"
)

// The names of the options.
const (
	optTargetACR     = "TargetACR"
	optMaxAge        = "MaxAge"
	optAuthParameter = "AuthParameter"
)

// authParams are what options add to the parameters of a first request.
type authParams struct {
	targets []string
	maxAge  *time.Duration
	extra   map[string]string
}

const maxLevelName = 64

// TargetACR requires a sign-in to reach one of levels, such as [ACRLevel4]. List every acceptable level, the highest first:
// the pool attempts the first one that the user has the factors for. The pool ignores unknown names. The sign-in fails if
// the pool knows none of the names, or if the user has the factors for none of the levels. Tokens of a lower level are
// rejected with [ErrInsufficientAuthentication]. A higher level is accepted if both have their default names. See
// [Cognito.AuthenticateChoice] and [Cognito.StepUp].
func TargetACR(levels ...string) CallOption {
	levels = slices.Clone(levels)
	bad := func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optTargetACR)
		for _, level := range levels {
			if level == "" || len(level) > maxLevelName || strings.ContainsFunc(level, bad) {
				o.refuse(optTargetACR, "want names of 1 to 64 characters without spaces, quotation marks and backslashes, got "+quote(level))
			}
		}
		if len(levels) == 0 {
			o.refuse(optTargetACR, "want at least one level, got none")
		}
		o.auth.targets = levels
	})
}

// MaxAge limits how long ago the user may have signed in, in whole seconds. It requires [TargetACR]. If the sign-in behind
// the access token of [Cognito.StepUp] is older, the user must provide all factors again.
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

// AuthParameter adds an authentication parameter that this package does not know to the first request of a sign-in. It may
// be given several times with different names. Parameters that this package sets itself are rejected. The request is not
// retried automatically.
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

// addTo adds the parameters to those of the first request of a sign-in.
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

// given reports whether there are any.
func (p authParams) given() bool { return len(p.targets) > 0 || p.maxAge != nil || len(p.extra) > 0 }

// meetsLevel reports whether acr will do where one of targets is wanted. Levels can be ranked only by their default names.
func meetsLevel(acr string, targets []string) bool {
	rank := slices.Index(defaultLevels, acr)
	return acr != "" && slices.ContainsFunc(targets, func(target string) bool {
		wanted := slices.Index(defaultLevels, target)
		return target == acr || wanted >= 0 && rank >= wanted
	})
}

// checkLevel rejects tokens of a lower level than the sign-in aims at. Nothing is verified here; that comes next.
func (s *signIn) checkLevel(ts *tokenSet) error {
	switch {
	case len(s.targets) == 0 || meetsLevel(ts.acr, s.targets):
		return nil
	case ts.acr == "":
		return &TokenError{Use: AccessToken, Reason: fmt.Errorf("%w: want the level %s in the claim acr, got none: the pool does not say",
			ErrInsufficientAuthentication, strings.Join(s.targets, " or "))}
	default:
		return &TokenError{Use: AccessToken, Reason: fmt.Errorf("%w: want the level %s, got %s",
			ErrInsufficientAuthentication, strings.Join(s.targets, " or "), quote(ts.acr))}
	}
}

// StepUp asks the signed-in user for further factors, for example before a payment. It requires the option [TargetACR] and
// also takes [MaxAge], [AuthParameter], [ClientMetadata], [AnalyticsMetadata] and [UserContextData]. The pool asks for the
// factors that the session's access token does not list in its claim amr. With MaxAge it asks for all factors if the
// user signed in too long ago. first is the first factor to use if the pool needs one; FirstFactor{} leaves it to the pool.
//
// It returns what [Cognito.Authenticate] returns. nil means that the session has new tokens of the same user at an accepted
// level. Until then, and after any error, the session keeps its tokens. A failed challenge ends the attempt. Common errors:
// [ErrLevelReached] if the token already has the level (the service has an error of its own for that, with an unknown
// text), [ErrInsufficientAuthentication] if the new tokens have a lower level or none, as in a region that does not
// serve levels yet, [ErrFeatureUnavailable] if the pool's plan lacks levels, and [ErrInvalidArgument] if the user lacks
// the factors.
//
// It calls InitiateAuth and, for SRP, RespondToAuthChallenge, which need no AWS credentials but an access token: without
// one it returns [ErrNotSignedIn].
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
			return errors.New("access token: its claims cannot be read, to tell whose it is")
		}
		// The service compares the name with the token's, so an alias will not do.
		s.username, s.stepUp = ts.username, ts.subject
		begun := start
		begun.params = maps.Clone(start.params)
		begun.params[keyAccessToken] = ts.AccessToken
		return s.begin(ctx, begun)
	})
}
