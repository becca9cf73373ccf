package servers

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/gocognito/cognito"
)

// Gin is an API with gin. The middleware puts the claims into the context of the request.
func Gin(verifier *cognito.Verifier) http.Handler {
	r := gin.New()
	r.GET("/health", func(*gin.Context) {})
	api := r.Group("/", ginTokens(verifier))
	api.GET("/notes", func(c *gin.Context) {
		claims, _ := cognito.ClaimsFromContext(c.Request.Context())
		c.String(http.StatusOK, "hello %s\n", claims.Username)
	})
	api.DELETE("/notes", ginGroup("admins"), func(*gin.Context) {})
	return r
}

// ginTokens lets requests with a good token pass, and answers the others in JSON.
func ginTokens(verifier *cognito.Verifier) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, err := verifier.CheckContext(c.Request)
		var refused *cognito.TokenError
		switch {
		case err == nil:
			c.Request = c.Request.WithContext(ctx)
		case errors.As(err, &refused):
			c.Header("WWW-Authenticate", "Bearer")
			c.AbortWithStatusJSON(refused.StatusCode(), gin.H{"error": http.StatusText(refused.StatusCode())})
		default:
			c.AbortWithStatus(http.StatusInternalServerError)
		}
	}
}

// ginGroup requires a group. Use it after ginTokens.
func ginGroup(name string) gin.HandlerFunc {
	return func(c *gin.Context) {
		if claims, ok := cognito.ClaimsFromContext(c.Request.Context()); !ok || !claims.HasGroup(name) {
			c.AbortWithStatusJSON(http.StatusForbidden, gin.H{"error": "Forbidden"})
		}
	}
}
